#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/io/choice.h"
#include "fivetuple/os/fd.h"
#include "fivetuple/server/server.h"

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fivetuple {

struct WorkerOptions {
    /// Threads, each with a loop and with listeners of its own; 0: one a core.
    unsigned threads = 0;
    LoopOptions loop = {};
    /// Each worker stays on processors of its own, and gets the connections whose packets arrive
    /// there, instead of those that the kernel's hash gives it.
    bool steer_by_processor = false;
};

/// One server a core: threads that share nothing but their limits. The kernel spreads connections
/// over their listeners. Any thread may call what is here but for a worker's own. SO_REUSEPORT in
/// socket(7)
class Workers {
public:
    /// All of them listen when this returns. The handler is copied to each.
    /// Errors: as Server::listen() and Loop::open().
    static Result<std::unique_ptr<Workers>> start(ServerOptions options, ConnectionHandler handler,
                                                  const WorkerOptions& how = {});
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    /// Stops those that still run, and waits for them.
    ~Workers();

    std::size_t count() const { return workers_.size(); }
    const std::vector<SocketAddress>& addresses() const { return addresses_; }

    /// All of them begin to end; `how.announce` is called once.
    void drain(Drain how = {});
    void stop();
    /// Ends one and none of its connections in waiting: another accepts from its listeners from now
    /// on, it itself what it has taken on. False where no other is left, or it has ended already.
    bool retire(std::size_t worker, const Drain& how = {});

    /// What each has done so far; of one that has ended, in all.
    std::vector<ServerCounters> counters();
    /// All together.
    ServerCounters total();
    std::vector<ConnectionReport> connections();
    /// Ends that connection; false where there is none such.
    bool kill(std::uint64_t id);
    /// The trees of tasks of all, as text.
    std::string tasks();

    /// Waits until all have ended. Errors: of the first that failed.
    Result<void> join();

private:
    struct Worker {
        std::thread thread;
        std::mutex mutex;
        Loop* loop = nullptr;      // While it runs.
        Server* server = nullptr;  // The same.
        ServerCounters last;
        Result<void> outcome;
    };
    using Started = Result<std::vector<SocketAddress>>;
    struct Start {
        unsigned number = 0;
        ServerOptions options;
        std::vector<Fd> shared;  // Listeners of the Unix domain: all accept from one.
        std::promise<Started> started;
    };

    explicit Workers(ServerOptions options, ConnectionHandler handler, const WorkerOptions& how);
    Result<void> start_all();
    Result<Start> prepare(unsigned number);
    Result<void> steer();
    void run_worker(Worker& worker, Start start);
    void serve(Worker& worker, Loop& loop, Server& server);
    /// Has it done on the worker's thread; false where the worker has ended.
    static bool on_thread(Worker& worker, std::function<void(Server&)> what);
    /// The same, and waits for what it returns.
    template <class T>
    static bool ask(Worker& worker, T& answer, std::function<T(Server&)> what);
    static Result<void> take_over(Server& server, std::vector<Fd> listeners);

    ServerOptions options_;
    std::function<void(const SocketAddress&)> listening_;
    ConnectionHandler handler_;
    WorkerOptions how_;
    std::shared_ptr<Census> census_;
    std::vector<SocketAddress> addresses_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

/// Serves on workers until a signal: the first SIGTERM or SIGINT drains, a second one stops. To be
/// called by main(); what all of them have done. Errors: as Workers::start() and Workers::join().
Result<ServerCounters> serve_on_workers(ServerOptions options, ConnectionHandler handler,
                                        const WorkerOptions& how = {});

}  // namespace fivetuple
