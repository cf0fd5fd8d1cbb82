#pragma once

#include "fivetuple/base/list.h"
#include "fivetuple/base/result.h"
#include "fivetuple/io/backend.h"
#include "fivetuple/io/choice.h"
#include "fivetuple/io/job.h"
#include "fivetuple/io/timers.h"

#include <atomic>
#include <memory>

namespace fivetuple {

/// What can be listed of a loop from outside; the task layer hangs its trees here.
struct LoopRoot : Linked<LoopRoot> {};

/// Runs what is ready, waits for what is not. A loop belongs to the thread that turns it first, and
/// to one process; several may live in one thread.
class Loop {
public:
    /// A loop on the backend asked for, or on the best that works (see choice()).
    /// Errors: unsupported or the kernel's own, where the backend asked for cannot be had;
    /// malformed for a FT_BACKEND that names none.
    static Result<std::unique_ptr<Loop>> open(const LoopOptions& options = {});
    /// A loop on any backend, a simulated one for instance.
    explicit Loop(std::unique_ptr<Backend> backend, BackendChoice choice = {});
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    /// Every stream, listener and task of the loop must have ended.
    ~Loop();

    /// Runs what is ready, sleeps until more is or until `until`, and runs that.
    void turn(Time until = kNever);

    /// Runs `job` in this turn or the next one. This thread only.
    void schedule(Job& job) { ready_.push(job); }
    /// The same from any thread, or from a signal handler.
    void post(Job& job);
    /// Takes back a job that was scheduled or posted and has not run. This thread only.
    void take_back(Job& job);

    /// Runs `timer`, which must not be running, when the time has come, never before. Its owner
    /// keeps it until then, or stops it. This thread only, like all that follows.
    void start(Timer& timer, Time when) { timers_.start(timer, when); }
    /// Harmless when it is not running.
    void stop(Timer& timer) { timers_.stop(timer); }

    /// The time now, by the backend's clock.
    Time now() const { return backend_->now(); }
    /// The time when this turn began; costs nothing to ask.
    Time turn_began() const { return turn_began_; }

    /// The two halves of the seam, for what is built on it.
    Backend& backend() { return *backend_; }
    Sockets& sockets() { return backend_->sockets(); }
    /// Which backend it runs on, why, and why not on a better one.
    const BackendChoice& choice() const { return choice_; }
    List<LoopRoot>& roots() { return roots_; }

private:
    void check_owner();
    void take_posts();

    ReadyQueue ready_;
    Timers timers_;
    std::unique_ptr<Backend> backend_;
    BackendChoice choice_;
    Time turn_began_{};
    List<LoopRoot> roots_;
    std::uint64_t owner_thread_ = 0;
    std::uint64_t owner_process_;
    std::atomic<Job*> posted_ = nullptr;  // Newest first.
    std::atomic<int> posters_ = 0;        // Threads that are inside post() now.
};

}  // namespace fivetuple
