#include "fivetuple/task/semaphore.h"

namespace fivetuple {

const Wait::Type Semaphore::Acquire::kType{"wait for a permit", &JobWait::stop, nullptr};

bool Semaphore::Acquire::start(Node& node, std::coroutine_handle<> sleeper) {
    if (node.is_stopped() || of_.free_ == 0) {
        if (!start_waiting(node, sleeper)) return false;
        of_.waiters_.push_back(*this);
        return true;
    }
    of_.free_--;
    return false;
}

Result<Semaphore::Permit> Semaphore::Acquire::finish() {
    if (was_stopped()) return std::unexpected(node().stop_error("acquire"));
    return Permit(of_);
}

// A permit goes to the first who waits without being free in between, so none can be overtaken.
void Semaphore::release() {
    if (JobWait* first = waiters_.pop_front()) {
        first->make_ready();
    } else {
        free_++;
    }
}

}  // namespace fivetuple
