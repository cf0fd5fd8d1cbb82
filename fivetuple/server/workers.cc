#include "fivetuple/server/workers.h"

#include "fivetuple/os/forking.h"
#include "fivetuple/os/steering.h"
#include "fivetuple/server/controls.h"
#include "fivetuple/task/offload.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/signal.h"
#include "fivetuple/task/tree.h"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <utility>

namespace fivetuple {
namespace {

/// Work on its way to a worker's thread.
struct Call : Job {
    Call(Server& on, std::function<void(Server&)> to_do)
        : Job(&call), server(on), what(std::move(to_do)) {}
    static void call(Job& job) {
        const std::unique_ptr<Call> self(static_cast<Call*>(&job));
        self->what(self->server);
    }
    Server& server;
    std::function<void(Server&)> what;
};

}  // namespace

Workers::Workers(ServerOptions options, ConnectionHandler handler, const WorkerOptions& how)
    : options_(std::move(options)),
      handler_(std::move(handler)),
      how_(how),
      census_(std::make_shared<Census>(options_.limits)) {
    if (how_.threads == 0) how_.threads = std::max(1u, std::thread::hardware_concurrency());
    // Signals and commands are for whoever started the workers.
    options_.drain_at_signals = false;
    options_.control.reset();
    listening_ = std::exchange(options_.listening, nullptr);
    options_.tcp.reuse_port = options_.tcp.reuse_port || how_.threads > 1;
}

Workers::~Workers() {
    stop();
    static_cast<void>(join());
}

Result<std::unique_ptr<Workers>> Workers::start(ServerOptions options, ConnectionHandler handler,
                                                const WorkerOptions& how) {
    std::unique_ptr<Workers> workers(new Workers(std::move(options), std::move(handler), how));
    FT_TRY_VOID(workers->start_all());
    return workers;
}

// The first one chooses the ports; the others then listen beside it.
Result<void> Workers::start_all() {
    workers_.reserve(how_.threads);
    for (unsigned number = 0; number < how_.threads; ++number) {
        FT_TRY(Start start, prepare(number));
        auto started = start.started.get_future();
        Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
        worker.thread = std::thread(&Workers::run_worker, this, std::ref(worker), std::move(start));
        FT_TRY(auto addresses, started.get());
        if (number == 0) addresses_ = std::move(addresses);
    }
    if (how_.steer_by_processor && how_.threads > 1) FT_TRY_VOID(steer());
    if (listening_) std::ranges::for_each(addresses_, listening_);
    return {};
}

// The listeners have been bound in the order of the workers, which is what steering counts them by.
Result<void> Workers::steer() {
    Result<void> outcome;
    const auto attach = [this](Server& server) { return server.steer(steer_by_cpu(how_.threads)); };
    ask<Result<void>>(*workers_.front(), outcome, attach);
    return outcome;
}

Result<Workers::Start> Workers::prepare(unsigned number) {
    Start start;
    start.number = number;
    start.options = options_;
    start.options.seed += number;
    if (number == 0) return start;
    start.options.listen = addresses_;
    // A name in the Unix domain can be had once.
    std::erase_if(start.options.listen, [](const SocketAddress& at) { return at.is_unix(); });
    using Shared = Result<std::vector<Fd>>;
    Shared shared;
    const auto take = [](Server& server) {
        return server.share_listeners(Server::Domain::unix_domain);
    };
    if (!ask<Shared>(*workers_.front(), shared, take)) return start;
    FT_TRY(start.shared, std::move(shared));
    return start;
}

void Workers::run_worker(Worker& worker, Start start) {
    if (how_.steer_by_processor) {
        auto stays = stay_on_processors(start.number, how_.threads);
        if (!stays) return start.started.set_value(std::unexpected(std::move(stays).error()));
    }
    auto loop = Loop::open(how_.loop);
    if (!loop) return start.started.set_value(std::unexpected(std::move(loop).error()));
    Server server(**loop, std::move(start.options), handler_, census_);
    auto listening = server.listen();
    if (listening) listening = take_over(server, std::move(start.shared));
    if (!listening) return start.started.set_value(std::unexpected(std::move(listening).error()));
    {
        const std::lock_guard lock(worker.mutex);
        worker.loop = loop->get();
        worker.server = &server;
    }
    start.started.set_value(server.addresses());
    serve(worker, **loop, server);
}

void Workers::serve(Worker& worker, Loop& loop, Server& server) {
    auto outcome = run(loop, server.serve());
    {
        const std::lock_guard lock(worker.mutex);
        worker.loop = nullptr;
        worker.server = nullptr;
        worker.last = server.counters();
        worker.outcome = std::move(outcome);
    }
    // What was asked just before is still done, and no more is asked.
    loop.turn(loop.now());
    loop.turn(loop.now());
}

Result<void> Workers::take_over(Server& server, std::vector<Fd> listeners) {
    for (Fd& each : listeners) {
        FT_TRY(const Handle socket, server.loop().sockets().adopt(std::move(each)));
        server.add(TcpListener(ListeningSocket(server.loop(), socket)));
    }
    return {};
}

bool Workers::on_thread(Worker& worker, std::function<void(Server&)> what) {
    const std::lock_guard lock(worker.mutex);
    if (worker.server == nullptr) return false;
    auto call = std::make_unique<Call>(*worker.server, std::move(what));
    worker.loop->post(*call.release());
    return true;
}

template <class T>
bool Workers::ask(Worker& worker, T& answer, std::function<T(Server&)> what) {
    auto promise = std::make_shared<std::promise<T>>();
    auto future = promise->get_future();
    const bool is_asked = on_thread(worker, [promise, what = std::move(what)](Server& server) {
        promise->set_value(what(server));
    });
    if (is_asked) answer = future.get();
    return is_asked;
}

void Workers::drain(Drain how) {
    for (const auto& worker : workers_) {
        const bool is_told = on_thread(*worker, [how](Server& server) { server.drain(how); });
        if (is_told) how.announce = nullptr;
    }
}

void Workers::stop() {
    for (const auto& worker : workers_) {
        on_thread(*worker, [](Server& server) { server.stop(); });
    }
}

bool Workers::retire(std::size_t number, const Drain& how) {
    Worker& leaving = *workers_.at(number);
    using Shared = Result<std::vector<Fd>>;
    Shared shared;
    const auto share = [](Server& server) { return server.share_listeners(Server::Domain::any); };
    if (!ask<Shared>(leaving, shared, share) || !shared) return false;
    auto listeners = std::make_shared<std::vector<Fd>>(*std::move(shared));
    for (const auto& heir : workers_) {
        if (heir.get() == &leaving) continue;
        bool has_taken = false;
        const auto take = [listeners](Server& server) {
            return !server.is_draining() && take_over(server, std::move(*listeners)).has_value();
        };
        if (!ask<bool>(*heir, has_taken, take) || !has_taken) continue;
        return on_thread(leaving, [how](Server& server) { server.drain(how); });
    }
    return false;
}

std::vector<ServerCounters> Workers::counters() {
    std::vector<ServerCounters> all(workers_.size());
    for (std::size_t each = 0; each < all.size(); ++each) {
        Worker& worker = *workers_[each];
        const auto take = [](Server& server) { return server.counters(); };
        if (ask<ServerCounters>(worker, all[each], take)) continue;
        const std::lock_guard lock(worker.mutex);
        all[each] = worker.last;
    }
    return all;
}

ServerCounters Workers::total() {
    ServerCounters sum;
    for (const ServerCounters& each : counters()) sum += each;
    return sum;
}

std::vector<ConnectionReport> Workers::connections() {
    std::vector<ConnectionReport> all;
    for (const auto& worker : workers_) {
        std::vector<ConnectionReport> some;
        const auto list = [](Server& server) { return server.connections(); };
        ask<std::vector<ConnectionReport>>(*worker, some, list);
        std::ranges::move(some, std::back_inserter(all));
    }
    return all;
}

bool Workers::kill(std::uint64_t id) {
    return std::ranges::any_of(workers_, [id](const auto& worker) {
        bool was_there = false;
        ask<bool>(*worker, was_there, [id](Server& server) { return server.kill(id); });
        return was_there;
    });
}

std::string Workers::tasks() {
    std::string all;
    for (std::size_t each = 0; each < workers_.size(); ++each) {
        std::string tree;
        const auto draw = [](Server& server) { return to_string(task_tree(server.loop())); };
        if (!ask<std::string>(*workers_[each], tree, draw)) continue;
        ((all += "worker ") += std::to_string(each)) += '\n';
        all += tree;
    }
    return all;
}

Result<void> Workers::join() {
    Result<void> outcome;
    for (const auto& worker : workers_) {
        if (worker->thread.joinable()) worker->thread.join();
        if (outcome && !worker->outcome) outcome = worker->outcome;
    }
    return outcome;
}

// --- Until a signal ----------------------------------------------------------------------------

namespace {

Task<Result<void>> obey_signals(Workers& workers, Signals& signals, Drain how) {
    FT_CO_TRY_VOID(co_await signals.next());
    workers.drain(std::move(how));
    FT_CO_TRY_VOID(co_await signals.next());
    workers.stop();
    co_return {};
}

// Without its controls it shall not run at all.
Task<Result<void>> serve_controls_or_stop(Workers& workers, SocketAddress at) {
    auto served = co_await serve_controls(at, controls_of(workers));
    if (!served && !served.error().is_cancelled()) workers.stop();
    co_return served;
}

Result<void> join_all(Workers* workers) { return workers->join(); }

Task<Result<void>> mind(Scope& scope, Workers& workers, Signals& signals, Drain how,
                        std::optional<SocketAddress> control) {
    scope.spawn(obey_signals(workers, signals, std::move(how)));
    if (control) scope.spawn(serve_controls_or_stop(workers, *control));
    auto outcome = co_await offload(join_all, &workers);
    scope.cancel();
    co_return outcome;
}

}  // namespace

Result<ServerCounters> serve_on_workers(ServerOptions options, ConnectionHandler handler,
                                        const WorkerOptions& how) {
    Drain drain_how = options.drain_how;
    auto control = options.control;
    FT_TRY(auto loop, Loop::open());
    // Before anybody is told where it listens, and may end it.
    Signals signals(*loop, {SIGTERM, SIGINT});
    FT_TRY(auto workers, Workers::start(std::move(options), std::move(handler), how));
    FT_TRY_VOID(run(*loop, with_scope(mind, std::ref(*workers), std::ref(signals),
                                      std::move(drain_how), control)));
    return workers->total();
}

}  // namespace fivetuple
