#pragma once

#include "fivetuple/task/job_wait.h"

namespace fivetuple {

/// Tasks of one loop wait until another has set it. Stays set until reset().
class Event {
public:
    Event() = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    bool is_set() const { return set_; }
    /// Everyone who waits goes on.
    void set() {
        set_ = true;
        while (JobWait* waiter = waiters_.pop_front()) waiter->make_ready();
    }
    /// Who comes from now on waits again.
    void reset() { set_ = false; }

    class Waiter : public JobWait, public Awaits<Waiter> {
    public:
        explicit Waiter(Event& event) : JobWait(kType), event_(event) {}
        bool start(Node& node, std::coroutine_handle<> sleeper);
        Result<void> finish();

    private:
        static const Type kType;
        Event& event_;
    };
    /// Result<void>. Errors: cancelled, deadline.
    Waiter wait() { return Waiter(*this); }

private:
    List<JobWait> waiters_;
    bool set_ = false;
};

}  // namespace fivetuple
