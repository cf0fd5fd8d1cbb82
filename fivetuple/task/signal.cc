#include "fivetuple/task/signal.h"

#include "fivetuple/base/assert.h"

#include <algorithm>
#include <bit>

namespace fivetuple {

Signals::Signals(Loop& loop, std::initializer_list<int> numbers)
    : Signals(loop, numbers.begin(), numbers.size()) {}

Signals::Signals(Loop& loop, const int* first, std::size_t count) : Job(&look), loop_(loop) {
    for (std::size_t at = 0; at < count; ++at) {
        const int result = watch_signal(first[at], *this);
        if (result < 0 && failure_ == 0) failure_ = -result;
    }
}

Signals::~Signals() {
    unwatch_signals(*this);
    if (posted_) loop_.take_back(*this);
}

// Inside the signal handler. However many come, one job at a time is under way to the loop.
void Signals::signal_came(int number) {
    pending_.fetch_or(std::uint64_t{1} << (number - 1), std::memory_order_relaxed);
    if (!posted_.exchange(true, std::memory_order_acq_rel)) loop_.post(*this);
}

void Signals::look(Job& job) {
    auto& self = static_cast<Signals&>(job);
    self.posted_.store(false, std::memory_order_release);
    if (self.waiter_ != nullptr) std::exchange(self.waiter_, nullptr)->make_ready();
}

const Wait::Type Signals::Next::kType{"wait for a signal",
                                      [](Wait& wait) {
                                          static_cast<Next&>(wait).of_.waiter_ = nullptr;
                                          JobWait::stop(wait);
                                      },
                                      nullptr};

bool Signals::Next::start(Node& node, std::coroutine_handle<> sleeper) {
    if (of_.failure_ != 0 || of_.pending_ != 0) return false;
    if (!start_waiting(node, sleeper)) return false;
    FT_ASSERT(of_.waiter_ == nullptr, "two tasks wait for the same Signals");
    of_.waiter_ = this;
    return true;
}

Result<int> Signals::Next::finish() {
    if (of_.failure_ != 0) return std::unexpected(Error::system(of_.failure_, "sigaction"));
    if (was_stopped()) return std::unexpected(node().stop_error("signal"));
    const int number = std::countr_zero(of_.pending_.load()) + 1;
    of_.pending_.fetch_and(~(std::uint64_t{1} << (number - 1)));
    return number;
}

AwaitSignal::AwaitSignal(std::initializer_list<int> numbers) : count_(numbers.size()) {
    std::ranges::copy(numbers, numbers_);
}

bool AwaitSignal::start(Node& node, std::coroutine_handle<> sleeper) {
    signals_.emplace(node.loop(), numbers_, count_);
    next_.emplace(*signals_);
    return next_->start(node, sleeper);
}

Result<int> AwaitSignal::finish() {
    auto number = next_->finish();
    next_.reset();
    signals_.reset();
    return number;
}

}  // namespace fivetuple
