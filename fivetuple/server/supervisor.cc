#include "fivetuple/server/supervisor.h"

#include "fivetuple/io/loop_count.h"
#include "fivetuple/os/options/filter.h"
#include "fivetuple/os/signals.h"
#include "fivetuple/os/socket.h"
#include "fivetuple/os/steering.h"
#include "fivetuple/server/worker_process.h"
#include "fivetuple/task/run.h"

#include <algorithm>
#include <csignal>
#include <thread>
#include <utility>

// How worker processes begin and end.
namespace fivetuple {
namespace {

constexpr Duration kStopPatience = std::chrono::seconds(2);

Result<void> expect_to_be_alone() {
    if (loop_count() > 0) {
        return std::unexpected(Error::unsupported(
            "fork", "a loop exists already: worker processes have to be started before the first"));
    }
    const std::size_t threads = thread_count();
    if (threads <= 1) return {};
    return std::unexpected(Error::unsupported(
        "fork", std::to_string(threads) + " threads run: worker processes have to be started by " +
                    "the only one"));
}

std::string in_words(Duration length) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(length).count()) +
           " ms";
}

}  // namespace

Supervisor::Supervisor(Loop& loop, ServerOptions options, ConnectionHandler handler,
                       ProcessOptions how, std::vector<int> descriptors)
    : loop_(loop),
      options_(std::move(options)),
      handler_(std::move(handler)),
      how_(std::move(how)),
      descriptors_(std::move(descriptors)) {
    if (how_.processes == 0) how_.processes = std::max(1u, std::thread::hardware_concurrency());
    options_.tcp.reuse_port = options_.tcp.reuse_port || how_.processes > 1;
    for (unsigned each = 0; each < how_.processes; ++each) {
        workers_.push_back(std::make_unique<Worker>(each, how_.restarts, options_.seed + each));
    }
}

Supervisor::~Supervisor() {
    for (const auto& each : workers_) {
        if (!each->runs()) continue;
        send_signal(each->process, SIGKILL);
        wait_for_end_of(each->process);
    }
}

// --- Listening ---------------------------------------------------------------------------------

Result<void> Supervisor::listen() {
    for (const SocketAddress& at : options_.listen) {
        FT_TRY(auto addresses, listen_at(at));
        std::ranges::move(addresses, std::back_inserter(addresses_));
    }
    return {};
}

// In the order of the workers, which is what steering counts them by. All have the port of the
// first.
Result<std::vector<SocketAddress>> Supervisor::listen_at(const SocketAddress& at) {
    std::vector<SocketAddress> addresses;
    if (at.is_unix()) {
        FT_TRY(auto listener, UnixListener::bind(loop_, at, options_.unix_domain));
        FT_TRY(const SocketAddress where, listener.local_address());
        addresses.push_back(where);
        shared_.push_back(std::move(listener));
        return addresses;
    }
    SocketAddress where = at;
    for (const auto& each : workers_) {
        FT_TRY(auto listener, TcpListener::bind(loop_, where, options_.tcp));
        FT_TRY(where, listener.local_address());
        each->listeners.push_back(std::move(listener));
    }
    addresses.push_back(where);
    if (how_.steer_by_processor && workers_.size() > 1) {
        const auto count = static_cast<unsigned>(workers_.size());
        FT_TRY_VOID(
            set(workers_.front()->listeners.back(), ReusePortSteering{steer_by_cpu(count)}));
    }
    return addresses;
}

void Supervisor::close_listeners() {
    for (const auto& each : workers_) each->listeners.clear();
    shared_.clear();
}

// --- Starting ----------------------------------------------------------------------------------

Result<void> Supervisor::run() {
    FT_TRY(board_, Board::make(how_.processes, options_.limits,
                               options_.seed ^ static_cast<std::uint64_t>(
                                                   loop_.now().time_since_epoch().count())));
    FT_TRY_VOID(listen());
    RunRoot root(loop_, std::source_location::current());
    auto attending = with_scope(attend, std::ref(*this));
    root.start(attending.promise(), attending.handle());
    while (!root.is_done()) {
        start_those_due();
        loop_.turn(next_due());
    }
    return attending.finish();
}

Time Supervisor::next_due() const {
    Time next = kNever;
    for (const auto& each : workers_) {
        if (each->state == State::waiting) next = std::min(next, each->due);
    }
    return next;
}

void Supervisor::start_those_due() {
    if (!hears_signals_) return;
    for (const auto& each : workers_) {
        if (each->state != State::waiting || each->due > loop_.now()) continue;
        if (auto started = start(*each); !started) {
            log("worker " + std::to_string(each->number) +
                " cannot be started: " + started.error().message());
            if (!all_have_started_) fail(std::move(started).error());
            what_follows(*each, {});
        }
    }
}

Result<void> Supervisor::start(Worker& worker) {
    if (thread_count() > 1) {
        return std::unexpected(Error::unsupported("fork", "this process has started a thread"));
    }
    FT_TRY(auto ends, socket_pair(SocketType::seqpacket));
    FT_TRY(const Handle socket, loop_.sockets().adopt(std::move(ends.first)));
    auto line = std::make_shared<WorkerLine>(UnixSeqpacket(loop_, socket));
    write_out();
    held_back_ = std::make_unique<SignalsHeldBack>();
    const auto forked = fork_with_parent(SIGTERM);
    if (forked && *forked == 0) become(worker, std::move(ends.second));
    held_back_.reset();
    if (!forked) return std::unexpected(forked.error());
    worker.process = *forked;
    worker.state = State::starting;
    worker.line = std::move(line);
    scope_->spawn(hear(worker, worker.line));
    return {};
}

// In the copy, whose loop, tasks and listeners are its parent's and are left as they are.
void Supervisor::become(Worker& worker, Fd line) {
    int code = 1;
    try {
        WorkerStart start;
        start.number = worker.number;
        start.options = options_;
        start.handler = handler_;
        start.loop = how_.loop;
        start.steer_by_processor = how_.steer_by_processor;
        start.board = board_;
        for (const auto& each : worker.listeners)
            start.listeners.emplace_back(each.handle().number);
        for (const auto& each : shared_) start.listeners.emplace_back(each.handle().number);
        std::vector<int> kept = descriptors_;
        for (const Fd& each : start.listeners) kept.push_back(each.raw());
        kept.push_back(line.raw());
        close_all_but(kept);
        start.line = std::move(line);
        held_back_.reset();
        code = run_worker(std::move(start));
    } catch (const std::exception& thrown) {
        log("worker " + std::to_string(worker.number) + ": " + thrown.what());
    } catch (...) {
        log("worker " + std::to_string(worker.number) + ": an exception of an unknown kind");
    }
    end_copy(code);
}

void Supervisor::is_ready(Worker& worker) {
    if (worker.state != State::starting) return;
    worker.state = State::serving;
    if (how_.started) how_.started(worker.number, worker.process);
    if (worker.covered_by) scope_->spawn(uncover(worker));
    if (all_have_started_) {
        // Those for whom there was nobody else until now.
        for (const auto& each : workers_) {
            if (each->state != State::serving && !each->covered_by) scope_->spawn(cover(*each));
        }
        return;
    }
    all_have_started_ = std::ranges::all_of(
        workers_, [](const auto& each) { return each->state == State::serving; });
    if (all_have_started_ && options_.listening) {
        std::ranges::for_each(addresses_, options_.listening);
    }
}

// --- Ending ------------------------------------------------------------------------------------

void Supervisor::take_ends() {
    for (const auto& each : workers_) {
        if (!each->runs()) continue;
        if (const auto end = take_end_of(each->process)) note_end(*each, *end);
    }
}

void Supervisor::note_end(Worker& worker, const ProcessEnd& how) {
    board_->wipe(worker.number);
    worker.process = 0;
    worker.line.reset();
    const bool was_starting = worker.state == State::starting;
    const WorkerEnd end{worker.number, how, what_follows(worker, how)};
    if (!how.is_clean() || end.again_in) log(words_for(end));
    if (how_.ended) how_.ended(end);
    if (was_starting && !all_have_started_) {
        fail(Error::ended("fork").because("worker " + std::to_string(worker.number) + " " +
                                          how.to_string() + " before it served"));
    }
    if (!is_draining_ && all_are_down()) {
        fail(Error::limit("fork", "no worker is left: all have ended too often"));
    }
    // Whose listeners it has served in their place needs another one.
    for (const auto& each : workers_) {
        if (each->covered_by == worker.number) scope_->spawn(cover(*each));
    }
    if (!worker.covered_by) scope_->spawn(cover(worker));
    changed_.set();
}

std::optional<Duration> Supervisor::what_follows(Worker& worker, const ProcessEnd& how) {
    if (is_draining_ || worker.retires) {
        worker.state = State::down;
        return std::nullopt;
    }
    const auto pause = worker.restarts.after_end(loop_.now());
    worker.state = pause ? State::waiting : State::down;
    if (pause) worker.due = after(loop_.now(), *pause);
    if (!pause) {
        log("worker " + std::to_string(worker.number) + " " + how.to_string() +
            ": it has ended too often, and is not started again; the others go on");
    }
    return pause;
}

std::string Supervisor::words_for(const WorkerEnd& end) const {
    std::string words = "worker " + std::to_string(end.worker) + " (process " +
                        std::to_string(end.how.process) + ") " + end.how.to_string();
    if (end.again_in) words += ": it is started again in " + in_words(*end.again_in);
    return words;
}

void Supervisor::fail(Error why) {
    if (outcome_) outcome_ = std::unexpected(std::move(why));
    stop();
}

void Supervisor::drain() {
    if (std::exchange(is_draining_, true)) return;
    if (options_.drain_how.announce) options_.drain_how.announce();
    for (const auto& each : workers_) {
        if (each->state == State::waiting) each->state = State::down;
        if (!each->runs()) continue;
        scope_->spawn(tell(*each, "drain"));
        scope_->spawn(kill_late(*each, until_killed()));
    }
    // The workers' own are the only ones now, and are gone when they have closed them.
    close_listeners();
    changed_.set();
}

void Supervisor::stop() {
    if (std::exchange(is_stopping_, true)) return;
    is_draining_ = true;
    for (const auto& each : workers_) {
        if (each->state == State::waiting) each->state = State::down;
        if (!each->runs()) continue;
        scope_->spawn(tell(*each, "stop"));
        scope_->spawn(kill_late(*each, kStopPatience));
    }
    close_listeners();
    changed_.set();
}

// Limits may be as long as a Duration can be.
Duration Supervisor::until_killed() const {
    const Drain& how = options_.drain_how;
    Duration all{};
    for (const Duration each : {how.stop_accepting_after, how.hard, how_.kill_after}) {
        all += std::min(each, Duration::max() - all);
    }
    return all;
}

ServerCounters Supervisor::total() const {
    ServerCounters all;
    for (const auto& each : workers_) all += board_->counters(each->number);
    return all;
}

bool Supervisor::all_are_down() const {
    return std::ranges::all_of(workers_,
                               [](const auto& each) { return each->state == State::down; });
}

void Supervisor::log(const std::string& line) const {
    if (options_.log) options_.log(line);
}

// --- The whole of it ---------------------------------------------------------------------------

Result<ServerCounters> serve_on_processes(ServerOptions options, ConnectionHandler handler,
                                          const ProcessOptions& how) {
    FT_TRY_VOID(expect_to_be_alone());
    FT_TRY(auto descriptors, list_descriptors());
    FT_TRY(auto loop, Loop::open({.backend = BackendKind::poll}));
    Supervisor supervisor(*loop, std::move(options), std::move(handler), how,
                          std::move(descriptors));
    FT_TRY_VOID(supervisor.run());
    return supervisor.total();
}

}  // namespace fivetuple
