#pragma once

#include "fivetuple/io/loop.h"
#include "fivetuple/os/signals.h"
#include "fivetuple/server/board.h"
#include "fivetuple/server/processes.h"
#include "fivetuple/server/worker_line.h"
#include "fivetuple/task/event.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/unix.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fivetuple {

/// The parent of worker processes: opens the listeners, which stay open whatever becomes of a
/// worker, starts the workers and looks after them. Its own loop runs on poll(2), which has nothing
/// in the kernel that a copy of the process could disturb; it makes copies between two turns only.
class Supervisor {
public:
    Supervisor(Loop& loop, ServerOptions options, ConnectionHandler handler, ProcessOptions how,
               std::vector<int> descriptors);
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;
    /// Kills the workers that still run.
    ~Supervisor();

    /// Until all workers have ended for good.
    Result<void> run();
    ServerCounters total() const;

private:
    enum class State : std::uint8_t {
        waiting,   ///< To be started when it is due.
        starting,  ///< Not ready so far.
        serving,
        draining,
        down,  ///< For good.
    };
    struct Worker {
        Worker(unsigned which, const RestartOptions& how, std::uint64_t seed)
            : number(which), restarts(how, seed) {}
        bool runs() const { return process != 0; }

        unsigned number;
        State state = State::waiting;
        int process = 0;
        Time due{};
        bool retires = false;
        bool is_being_covered = false;
        Restarts restarts;
        std::vector<TcpListener> listeners;
        std::shared_ptr<WorkerLine> line;
        std::optional<unsigned> covered_by;  ///< Who accepts from its listeners in its place.
    };

    Result<void> listen();
    Result<std::vector<SocketAddress>> listen_at(const SocketAddress& at);

    // Starting.
    Time next_due() const;
    void start_those_due();
    Result<void> start(Worker& worker);
    [[noreturn]] void become(Worker& worker, Fd line);
    void is_ready(Worker& worker);

    // Ending.
    void take_ends();
    void note_end(Worker& worker, const ProcessEnd& how);
    std::optional<Duration> what_follows(Worker& worker, const ProcessEnd& how);
    std::string words_for(const WorkerEnd& end) const;
    void fail(Error why);
    void drain();
    void stop();
    bool all_are_down() const;
    Duration until_killed() const;
    Task<void> kill_late(Worker& worker, Duration limit);
    void close_listeners();

    // While it runs.
    static Task<Result<void>> attend(Scope& scope, Supervisor& self);
    Task<Result<void>> obey_signals();
    Task<Result<void>> serve_control();
    Task<void> hear(Worker& worker, std::shared_ptr<WorkerLine> line);
    void heard(Worker& worker, std::string_view what);
    Task<void> cover(Worker& worker);
    Task<bool> hand_listeners_of(Worker& worker, Worker& heir);
    Task<void> uncover(Worker& worker);
    Task<void> tell(Worker& worker, std::string command);

    // What an operator asks.
    Task<std::string> obey(std::string command);
    std::string status() const;
    std::string list_workers() const;
    Task<std::string> ask_all(std::string command);
    Task<std::string> connections();
    Task<std::string> kill(std::string command);
    Task<std::string> retire(std::string command);
    void log(const std::string& line) const;

    Loop& loop_;
    ServerOptions options_;
    ConnectionHandler handler_;
    ProcessOptions how_;
    std::vector<int> descriptors_;  // That this process was started with.
    std::shared_ptr<Board> board_;
    std::vector<UnixListener> shared_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::unique_ptr<SignalsHeldBack> held_back_;  // While a copy is made.
    Scope* scope_ = nullptr;
    Event changed_;
    bool hears_signals_ = false;
    bool all_have_started_ = false;
    bool is_draining_ = false;
    bool is_stopping_ = false;
    std::vector<SocketAddress> addresses_;
    Result<void> outcome_;
};

}  // namespace fivetuple
