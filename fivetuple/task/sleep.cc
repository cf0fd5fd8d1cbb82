#include "fivetuple/task/sleep.h"

namespace fivetuple {

const Wait::Type Sleep::kType{"sleep", &Sleep::stop, nullptr};

bool Sleep::start(Node& node, std::coroutine_handle<> sleeper) {
    belongs_to(node);
    stopped_ = node.is_stopped();
    if (stopped_) return false;
    if (length_ >= Duration::zero()) until_ = after(node.loop().now(), length_);
    run = &over;
    sleep(node, sleeper);
    node.loop().start(*this, until_);
    return true;
}

void Sleep::over(Job& job) { static_cast<Sleep&>(static_cast<Timer&>(job)).resume(); }

void Sleep::stop(Wait& wait) {
    auto& self = static_cast<Sleep&>(wait);
    self.stopped_ = true;
    self.wake();
    self.loop().stop(self);
    self.loop().schedule(self);
}

Result<void> Sleep::finish() {
    if (stopped_) return std::unexpected(node().stop_error("sleep"));
    return {};
}

const Wait::Type Yield::kType{"yield", &JobWait::stop, nullptr};

bool Yield::start(Node& node, std::coroutine_handle<> sleeper) {
    if (!start_waiting(node, sleeper)) return false;
    make_ready();
    return true;
}

Result<void> Yield::finish() {
    if (was_stopped()) return std::unexpected(node().stop_error("yield"));
    return {};
}

}  // namespace fivetuple
