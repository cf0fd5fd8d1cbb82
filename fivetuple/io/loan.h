#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/list.h"
#include "fivetuple/base/result.h"
#include "fivetuple/io/handle.h"
#include "fivetuple/os/pages.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace fivetuple {

class LoanBlock;
struct Op;

/// Whom a block of memory belongs to while nobody uses it.
class LoanOwner {
public:
    /// Nobody uses it any more: it may be lent again.
    virtual void came_back(LoanBlock& block) = 0;
    /// It will not come back: what the kernel had of it could not be known to be done.
    virtual void was_lost(LoanBlock& block) = 0;

protected:
    ~LoanOwner() = default;
};

/// Memory of which the kernel may send from where it is, and who uses it: the program, by a Loan,
/// and each send that the kernel is not done with. One thread uses it.
class LoanBlock : public Linked<LoanBlock> {
public:
    /// `zero_copy_from` is how much must be sent at once for the kernel to be asked not to copy.
    /// Errors: as Pages::open().
    static Result<std::unique_ptr<LoanBlock>> open(LoanOwner& owner, std::size_t size,
                                                   std::size_t zero_copy_from);

    MutableBytes bytes() const { return pages_.bytes(); }
    std::size_t zero_copy_from() const { return zero_copy_from_; }

    /// Somebody uses it from now on, and no longer. It may go with its last user.
    void hold() { ++holders_; }
    void let_go() {
        if (--holders_ == 0) end_use();
    }
    /// Gives up the memory while the kernel may still read it; what it reads stays as it is.
    void forsake();
    /// Its owner ends before it does.
    void lose_owner() { owner_ = nullptr; }

    // For the backend that sends it.
    Op* sending = nullptr;         ///< The request of which not even the result has come.
    Handle socket;                 ///< Where it is being sent.
    std::uint32_t unfinished = 0;  ///< Sends that the kernel is not done with.

private:
    LoanBlock(LoanOwner& owner, Pages pages, std::size_t zero_copy_from)
        : owner_(&owner), pages_(std::move(pages)), zero_copy_from_(zero_copy_from) {}
    void end_use();

    LoanOwner* owner_;
    Pages pages_;
    std::size_t zero_copy_from_;
    std::uint32_t holders_ = 0;
};

/// Memory to be filled and then sent by write_loan(), which takes it: there is no way to get at the
/// bytes while the kernel may still read them.
class Loan {
public:
    Loan() = default;
    explicit Loan(LoanBlock& block) : block_(&block) { block.hold(); }
    Loan(Loan&& other) noexcept
        : block_(std::exchange(other.block_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Loan& operator=(Loan&& other) noexcept {
        std::swap(block_, other.block_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Loan() {
        if (block_ != nullptr) block_->let_go();
    }

    /// All of the memory; what it holds of an earlier use is undefined.
    MutableBytes room() const { return block_ == nullptr ? MutableBytes() : block_->bytes(); }
    /// The first `size` bytes of room() have been filled, and are what will be sent.
    void filled(std::size_t size) { size_ = size; }
    Bytes bytes() const { return Bytes(room()).first(size_); }

    explicit operator bool() const { return block_ != nullptr; }
    /// For what sends it.
    LoanBlock* block() const { return block_; }

private:
    LoanBlock* block_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace fivetuple
