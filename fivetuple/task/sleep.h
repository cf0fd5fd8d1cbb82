#pragma once

#include "fivetuple/task/await.h"
#include "fivetuple/task/job_wait.h"
#include "fivetuple/task/wait.h"

namespace fivetuple {

/// A wait that time ends.
class Sleep : public Wait, public Timer, public Awaits<Sleep> {
public:
    explicit Sleep(Time until) : Wait(kType), until_(until) {}
    explicit Sleep(Duration length) : Wait(kType), length_(length), until_(kNever) {}

    bool start(Node& node, std::coroutine_handle<> sleeper);
    Result<void> finish();

private:
    static const Type kType;
    static void stop(Wait& wait);
    static void over(Job& job);

    Duration length_{-1};  // Negative where the end was given instead.
    Time until_;
    bool stopped_ = false;
};

/// Waits for `length` of the loop's time, never less. Result<void>. Errors: cancelled, deadline.
inline Sleep sleep(Duration length) { return Sleep(std::max(length, Duration::zero())); }
/// The same until a point of the loop's time.
inline Sleep sleep_until(Time until) { return Sleep(until); }

/// Lets everything else that is ready on the loop run first. Result<void>. Errors: cancelled,
/// deadline.
class Yield : public JobWait, public Awaits<Yield> {
public:
    Yield() : JobWait(kType) {}
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Result<void> finish();

private:
    static const Type kType;
};
inline Yield yield() { return {}; }

}  // namespace fivetuple
