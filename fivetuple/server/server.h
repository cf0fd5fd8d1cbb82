#pragma once

#include "fivetuple/base/list.h"
#include "fivetuple/base/result.h"
#include "fivetuple/io/loop.h"
#include "fivetuple/os/bpf.h"
#include "fivetuple/server/census.h"
#include "fivetuple/server/connection.h"
#include "fivetuple/server/counters.h"
#include "fivetuple/server/options.h"
#include "fivetuple/server/spare.h"
#include "fivetuple/task/event.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/transport/patience.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/unix.h"

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fivetuple {

class Signals;

/// Listens, runs a handler for every connection, and keeps all of them within limits that are on
/// unless they are turned off. Belongs to one loop; workers.h has one for each core. docs/server.md
///
///     ft::Server server(loop, {.listen = {address}}, echo);
///     co_return co_await server.serve();
class Server {
public:
    /// Workers share a census, so that its limits hold for all of them together. Counts in
    /// `counters`, which must outlive it, or in its own.
    Server(Loop& loop, ServerOptions options, ConnectionHandler handler,
           std::shared_ptr<Census> census = nullptr, ServerCounters* counters = nullptr);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server();

    /// Listens on all addresses of the options; serve() does so where this has not been called.
    /// Errors: as TcpListener::bind() and UnixListener::bind(), naming the address.
    Result<void> listen();
    /// One more listener, before serve() or while it runs; what it is known by to leave().
    Handle add(TcpListener listener);
    Handle add(UnixListener listener);
    /// Accepts no more from a listener, and loses nobody: who waits there waits for others that
    /// hold it, too. False where it has none such.
    bool leave(Handle listener);
    /// Serves a connection that somebody else has accepted, as a predecessor; counted and limited
    /// like all. While serve() runs.
    void serve_also(SocketStream connection);
    /// Where it listens.
    std::vector<SocketAddress> addresses() const;
    enum class Domain : std::uint8_t { any, unix_domain };
    /// Other descriptors for its listening sockets: who takes them over accepts what waits there.
    /// Errors: EMFILE; EBADF on a simulated host. dup(2)
    Result<std::vector<Fd>> share_listeners(Domain which) const;
    /// Gives the groups that its listeners of TCP share with others (ListenOptions::reuse_port) a
    /// program that chooses among them. Errors: EINVAL, where one is in no group.
    Result<void> steer(const bpf::Program& program);

    /// Serves until drain() has come to its end, stop(), or until it is cancelled; all handlers
    /// have ended then. Errors: as listen(); those of accept(2) that mean the listener is broken.
    Task<Result<void>> serve();

    /// Begins to end, in good order; once begun, later calls change nothing. This loop's thread
    /// only, like all here.
    void drain(Drain how = {});
    /// Ends now: handlers are cancelled.
    void stop();
    bool is_draining() const { return drain_asked_.is_set(); }

    /// As of now; copied.
    ServerCounters counters() const;
    /// Every connection that has a handler or lingers.
    std::vector<ConnectionReport> connections();
    /// Ends that connection; false where there is none such.
    bool kill(std::uint64_t id);

    const ServerLimits& limits() const { return options_.limits; }
    Loop& loop() const { return loop_; }

private:
    friend class Connection;
    friend class Holding;

    struct Listening {
        std::variant<TcpListener, UnixListener> held;
        Scope* accepting = nullptr;  // While it is accepted from.
        bool is_left = false;
        const ListeningSocket& socket() const;
        Handle handle() const { return socket().handle(); }
    };
    /// How an acceptor fares with shortages.
    struct Acceptor {
        Acceptor(std::size_t per_second, std::uint64_t seed)
            : pace(per_second), patience(seed, std::chrono::milliseconds(80)) {}
        Pace pace;
        Patience patience;
        std::optional<Time> short_since;
    };

    static Task<Result<void>> serve_all(Scope& peers, Server& self);
    static Task<Result<void>> accept_on_all(Scope& acceptors, Server& self);
    static Task<Result<void>> attend(Scope& scope, Server& self);
    Task<Result<void>> obey_signals();
    Task<Result<void>> end_in_order();

    Task<Result<void>> accept_from(Listening& listening);
    static Task<Result<void>> accept_until_left(Scope& scope, Server& self, Listening& listening);
    Task<Result<void>> accept_on(Handle listener);
    Task<Result<void>> after_failure(Acceptor& acceptor, Handle listener, Error why);
    Task<void> shed(Handle listener);
    Task<void> empty_queue(Handle listener);
    Task<void> take_those_taken_ahead(Handle listener);
    Handle add_listening(Listening listening);
    void take(SocketStream stream);

    std::optional<IpAddress> key_of(const SocketStream& stream) const;
    void refuse(SocketStream stream, Reason why);
    std::string farewell_for(Reason why);
    Task<void> say_farewell(SocketStream stream, Reason why);
    Task<void> serve_one(SocketStream stream, std::optional<IpAddress> from);
    Task<void> admit_and_handle(Connection& connection);
    Task<void> close_in_order(Connection& connection);
    void note_start(const Connection& connection);
    void note_end(Connection& connection, Time accepted);
    void note_loop(ServerCounters& counters, BackendStats& noted) const;
    void log(std::string_view line) const;

    Loop& loop_;
    ServerOptions options_;
    ConnectionHandler handler_;
    std::shared_ptr<Census> census_;
    ServerCounters own_counters_;
    ServerCounters& counters_;
    BackendStats noted_;  // What of the loop has been counted.
    std::list<Listening> listenings_;
    bool has_listened_ = false;
    List<Connection> connections_;
    std::size_t farewells_ = 0;
    SpareDescriptor spare_;
    std::unique_ptr<Signals> signals_;  // While serve() runs, where it is to obey them.
    Drain how_;
    Event drain_asked_;
    bool is_stopped_ = false;
    // While serve() runs: where connections, acceptors and what ends them live.
    Scope* peers_ = nullptr;
    Scope* acceptors_ = nullptr;
    Scope* attending_ = nullptr;
};

}  // namespace fivetuple
