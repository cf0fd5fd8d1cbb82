#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/io/choice.h"
#include "fivetuple/os/forking.h"
#include "fivetuple/server/counters.h"
#include "fivetuple/server/options.h"
#include "fivetuple/server/restarts.h"

#include <chrono>
#include <functional>

namespace fivetuple {

/// A worker process has ended.
struct WorkerEnd {
    unsigned worker = 0;
    ProcessEnd how;
    /// It is started again in so long; none: the server ends, the worker retires, or it has ended
    /// too often.
    std::optional<Duration> again_in;
};

struct ProcessOptions {
    /// Workers; 0: one a core.
    unsigned processes = 0;
    LoopOptions loop = {};
    /// Each worker stays on processors of its own, and gets the connections whose packets arrive
    /// there, instead of those that the kernel's hash gives it.
    bool steer_by_processor = false;
    RestartOptions restarts = {};
    /// A worker that goes on for so long behind Drain::hard is stuck, and killed.
    Duration kill_after = std::chrono::seconds(5);

    /// Called in the parent when a worker serves, and when one has ended.
    std::function<void(unsigned worker, int process)> started = {};
    std::function<void(const WorkerEnd&)> ended = {};
};

/// Serves on worker processes until a signal: the first SIGTERM or SIGINT drains them all, a second
/// one stops them. One that ends otherwise breaks its own connections and no others: another worker
/// takes those that wait in its queue, and it is started again. A parent that dies has its workers
/// drain. ServerLimits hold for all together, but for `accepts_per_second`.
///
/// Gives what all of them have done. To be called by main(), before there is a loop or a thread:
/// the workers are copies of the process as it is then. The handler, and what else `options` has
/// but for `listening` and Drain::announce, runs in them. The control socket is the parent's.
/// docs/server.md
///
/// Errors: unsupported, where there is a loop or a thread, or no /proc; as TcpListener::bind() and
/// UnixListener::bind(); limit, where all workers have ended too often; ended, where a worker could
/// not even be started.
Result<ServerCounters> serve_on_processes(ServerOptions options, ConnectionHandler handler,
                                          const ProcessOptions& how = {});

}  // namespace fivetuple
