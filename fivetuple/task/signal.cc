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

// A signal that comes from here on posts again; what came before it is seen below, as both
// exchange.
void Signals::look(Job& job) {
    auto& self = static_cast<Signals&>(job);
    self.posted_.exchange(false, std::memory_order_acq_rel);
    if (self.waiter_ == nullptr) return;
    // Whoever asked in the meantime may have taken it.
    self.waiter_->number_ = self.take();
    if (self.waiter_->number_ != 0) std::exchange(self.waiter_, nullptr)->make_ready();
}

int Signals::take() {
    const std::uint64_t pending = pending_.load(std::memory_order_relaxed);
    if (pending == 0) return 0;
    const int lowest = std::countr_zero(pending);
    pending_.fetch_and(~(std::uint64_t{1} << lowest), std::memory_order_relaxed);
    return lowest + 1;
}

const Wait::Type Signals::Next::kType{"wait for a signal",
                                      [](Wait& wait) {
                                          static_cast<Next&>(wait).of_.waiter_ = nullptr;
                                          JobWait::stop(wait);
                                      },
                                      nullptr};

bool Signals::Next::start(Node& node, std::coroutine_handle<> sleeper) {
    if (of_.failure_ != 0) return false;
    number_ = of_.take();
    if (number_ != 0 || !start_waiting(node, sleeper)) return false;
    FT_ASSERT(of_.waiter_ == nullptr, "two tasks wait for the same Signals");
    of_.waiter_ = this;
    return true;
}

Result<int> Signals::Next::finish() {
    if (of_.failure_ != 0) return std::unexpected(Error::system(of_.failure_, "sigaction"));
    if (was_stopped()) return std::unexpected(node().stop_error("signal"));
    return number_;
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
