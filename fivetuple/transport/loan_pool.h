#pragma once

#include "fivetuple/base/list.h"
#include "fivetuple/base/result.h"
#include "fivetuple/io/loan.h"
#include "fivetuple/task/job_wait.h"

#include <cstddef>
#include <vector>

namespace fivetuple {

struct LoanPoolOptions {
    /// Bytes of each loan; a multiple of a page.
    std::size_t size = std::size_t{256} * 1024;
    /// Loans under way at most: in the hands of the program, or of the kernel.
    std::size_t count_max = 8;
    /// What is smaller is sent as usual, and back at once: below this, the kernel's accounts cost
    /// more than its copy (docs/zero-copy.md says how that was measured).
    std::size_t zero_copy_from = std::size_t{48} * 1024;
};

/// Memory for sending without copies: take(), fill, write_loan(). What comes back is used again;
/// with all loans under way, take() waits, so that the sender of many keeps to the network's pace.
/// Belongs to one thread.
class LoanPool : private LoanOwner {
public:
    explicit LoanPool(LoanPoolOptions options = {});
    LoanPool(const LoanPool&) = delete;
    LoanPool& operator=(const LoanPool&) = delete;
    /// What is under way goes on, and its memory goes when it is done.
    ~LoanPool();

    class Take;
    /// Waits for memory to fill: Result<Loan>. Errors: ENOMEM; cancelled, deadline.
    Take take();

    /// Loans that are in nobody's hands, and how many could be taken at once.
    std::size_t idle() const { return idle_.size(); }
    std::size_t free() const { return options_.count_max - under_way_.size() - promised_; }

private:
    void came_back(LoanBlock& block) override;
    void was_lost(LoanBlock& block) override;
    void no_longer_under_way(LoanBlock& block);
    Result<Loan> lend();

    LoanPoolOptions options_;
    std::vector<LoanBlock*> idle_;
    std::vector<LoanBlock*> under_way_;
    std::size_t promised_ = 0;  // To those who have waited and will go on in their turn.
    List<JobWait> waiters_;
};

class LoanPool::Take : public JobWait, public Awaits<Take> {
public:
    explicit Take(LoanPool& pool) : JobWait(kType), pool_(pool) {}
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Result<Loan> finish();

private:
    static const Type kType;
    LoanPool& pool_;
    bool has_waited_ = false;
};

inline LoanPool::Take LoanPool::take() { return Take(*this); }

}  // namespace fivetuple
