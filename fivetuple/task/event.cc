#include "fivetuple/task/event.h"

namespace fivetuple {

const Wait::Type Event::Waiter::kType{"wait for an event", &JobWait::stop, nullptr};

bool Event::Waiter::start(Node& node, std::coroutine_handle<> sleeper) {
    if (event_.set_) return false;
    if (!start_waiting(node, sleeper)) return false;
    event_.waiters_.push_back(*this);
    return true;
}

Result<void> Event::Waiter::finish() {
    if (was_stopped()) return std::unexpected(node().stop_error("wait"));
    return {};
}

}  // namespace fivetuple
