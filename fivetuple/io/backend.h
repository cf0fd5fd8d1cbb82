#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/io/job.h"
#include "fivetuple/io/op.h"
#include "fivetuple/io/sockets.h"

#include <cstdint>
#include <string_view>

namespace fivetuple {

/// What a backend has done so far; read it to see what a program costs.
struct BackendStats {
    std::uint64_t waits = 0;              ///< System calls that may sleep, or simulated ones.
    std::uint64_t calls = 0;              ///< All system calls on behalf of Ops, waits included.
    std::uint64_t completions = 0;        ///< Ops finished.
    std::uint64_t buffers_short = 0;      ///< Times that no leased buffer was free at once.
    std::uint64_t overflows = 0;          ///< Times that the kernel had no room for a completion.
    std::uint64_t zero_copies = 0;        ///< Sends of which the kernel was asked to copy nothing.
    std::uint64_t zero_copy_bytes = 0;    ///< What these sent.
    std::uint64_t zero_copies_done = 0;   ///< Those that the kernel has said to be done with.
    std::uint64_t copied_anyway = 0;      ///< Those of which it said that it made a copy.
    std::uint64_t zero_copy_refused = 0;  ///< Ordinary sends instead, where it could not be asked.
};

/// Where requests go: a kernel, by way of io_uring, epoll, poll or select, or a simulated network.
/// Everything above this line is the same code in production and under simulation. One thread uses
/// it, but for wake().
class Backend {
public:
    Backend() = default;
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    virtual ~Backend() = default;

    /// Finished Ops go to `ready`, which must outlive the backend. Called once, before all else.
    void report_to(ReadyQueue& ready) { ready_ = &ready; }

    /// Starts `op`. Never blocks and never runs it: an instant result, too, comes by the queue. One
    /// receive and one send may be under way on a socket at a time, and any number of accepts.
    virtual void submit(Op& op) = 0;

    /// Asks for `op`, which is under way, to end early. It still finishes once, with its result or
    /// with -ECANCELED.
    virtual void cancel(Op& op) = 0;

    /// Ends what is under way on the socket, with -ECANCELED, and closes it as soon as the kernel
    /// has let go of it. The handle is void at once. close(2)
    virtual void close(Handle socket) = 0;

    /// Takes no more connections off the listener's queue in the kernel than it has taken already,
    /// which accepts still get, and then -ECANCELED. False where a backend takes none ahead, and
    /// nothing changes: nobody is to accept any more then.
    virtual bool stop_accepting(Handle /*listener*/) { return false; }

    /// Sleeps until an Op is finished, or wake(), or `until`; runs finished Ops as they come.
    virtual void wait(Time until) = 0;

    /// Ends a wait() early, now or the next one. May be called by other threads and signal
    /// handlers.
    virtual void wake() = 0;

    /// This backend's clock. Simulated time moves only inside wait().
    virtual Time now() const = 0;

    /// Other than 0 where the order of what is due at the same time is to be drawn from it, and not
    /// that of starting: a simulation's.
    virtual std::uint64_t tie_seed() const { return 0; }

    virtual Sockets& sockets() = 0;
    virtual std::string_view name() const = 0;
    virtual BackendStats stats() const = 0;
    /// Sockets opened and not yet closed.
    virtual std::size_t open_sockets() const = 0;

protected:
    ReadyQueue& ready() { return *ready_; }

private:
    ReadyQueue* ready_ = nullptr;
};

}  // namespace fivetuple
