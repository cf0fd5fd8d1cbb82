#include "fivetuple/transport/loan_pool.h"

#include <algorithm>
#include <memory>

namespace fivetuple {

LoanPool::LoanPool(LoanPoolOptions options) : options_(options) {
    options_.count_max = std::max<std::size_t>(options_.count_max, 1);
    idle_.reserve(options_.count_max);
    under_way_.reserve(options_.count_max);
}

LoanPool::~LoanPool() {
    for (LoanBlock* block : idle_) delete block;
    for (LoanBlock* block : under_way_) block->lose_owner();
}

void LoanPool::came_back(LoanBlock& block) {
    idle_.push_back(&block);
    no_longer_under_way(block);
}

// It goes with its last user.
void LoanPool::was_lost(LoanBlock& block) { no_longer_under_way(block); }

void LoanPool::no_longer_under_way(LoanBlock& block) {
    std::erase(under_way_, &block);
    JobWait* first = waiters_.pop_front();
    if (first == nullptr) return;
    promised_++;
    first->make_ready();
}

Result<Loan> LoanPool::lend() {
    if (idle_.empty()) {
        FT_TRY(auto block, LoanBlock::open(*this, options_.size, options_.zero_copy_from));
        idle_.push_back(block.release());
    }
    LoanBlock* block = idle_.back();
    idle_.pop_back();
    under_way_.push_back(block);
    return Loan(*block);
}

// --- Taking ------------------------------------------------------------------------------------

const Wait::Type LoanPool::Take::kType{"wait for a loan", &JobWait::stop, nullptr};

bool LoanPool::Take::start(Node& node, std::coroutine_handle<> sleeper) {
    if (!node.is_stopped() && pool_.free() > 0) {
        belongs_to(node);
        return false;
    }
    if (!start_waiting(node, sleeper)) return false;
    has_waited_ = true;
    pool_.waiters_.push_back(*this);
    return true;
}

Result<Loan> LoanPool::Take::finish() {
    if (was_stopped()) return std::unexpected(node().stop_error("take"));
    if (has_waited_) pool_.promised_--;
    return pool_.lend();
}

}  // namespace fivetuple
