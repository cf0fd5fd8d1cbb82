#include "fivetuple/server/server.h"

#include "fivetuple/os/duplicate.h"
#include "fivetuple/os/options/filter.h"
#include "fivetuple/os/tcp_info.h"
#include "fivetuple/server/controls.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/signal.h"
#include "fivetuple/task/sleep.h"

#include <algorithm>
#include <csignal>
#include <utility>

namespace fivetuple {

Server::Server(Loop& loop, ServerOptions options, ConnectionHandler handler,
               std::shared_ptr<Census> census, ServerCounters* counters)
    : loop_(loop),
      options_(std::move(options)),
      handler_(std::move(handler)),
      census_(census != nullptr ? std::move(census) : std::make_shared<Census>(options_.limits)),
      counters_(counters != nullptr ? *counters : own_counters_),
      spare_(loop) {}

Server::~Server() = default;

// --- Listening ---------------------------------------------------------------------------------

const ListeningSocket& Server::Listening::socket() const {
    return std::visit([](const auto& one) -> const ListeningSocket& { return one; }, held);
}

Result<void> Server::listen() {
    has_listened_ = true;
    for (const SocketAddress& at : options_.listen) {
        if (at.is_unix()) {
            FT_TRY(auto listener, UnixListener::bind(loop_, at, options_.unix_domain));
            add(std::move(listener));
        } else {
            FT_TRY(auto listener, TcpListener::bind(loop_, at, options_.tcp));
            add(std::move(listener));
        }
    }
    spare_.restore();
    if (options_.listening) std::ranges::for_each(addresses(), options_.listening);
    return {};
}

Handle Server::add(TcpListener listener) { return add_listening({.held = std::move(listener)}); }
Handle Server::add(UnixListener listener) { return add_listening({.held = std::move(listener)}); }

Handle Server::add_listening(Listening listening) {
    Listening& added = listenings_.emplace_back(std::move(listening));
    if (acceptors_ != nullptr) acceptors_->spawn(accept_from(added));
    return added.handle();
}

bool Server::leave(Handle listener) {
    for (Listening& each : listenings_) {
        if (each.handle() != listener || each.is_left) continue;
        each.is_left = true;
        if (each.accepting != nullptr) each.accepting->cancel();
        return true;
    }
    return false;
}

void Server::serve_also(SocketStream connection) {
    if (peers_ != nullptr) take(std::move(connection));
}

std::vector<SocketAddress> Server::addresses() const {
    std::vector<SocketAddress> all;
    for (const Listening& each : listenings_) {
        if (auto where = each.socket().local_address()) all.push_back(*where);
    }
    return all;
}

Result<std::vector<Fd>> Server::share_listeners(Domain which) const {
    std::vector<Fd> all;
    for (const Listening& each : listenings_) {
        if (which == Domain::unix_domain) {
            FT_TRY(const SocketAddress where, each.socket().local_address());
            if (!where.is_unix()) continue;
        }
        FT_TRY(Fd copy, duplicate(each.handle().number));
        all.push_back(std::move(copy));
    }
    return all;
}

Result<void> Server::steer(const bpf::Program& program) {
    for (Listening& each : listenings_) {
        auto* listener = std::get_if<TcpListener>(&each.held);
        if (listener == nullptr) continue;
        FT_TRY_VOID(set(*listener, ReusePortSteering{program}));
    }
    return {};
}

// --- Serving and ending ------------------------------------------------------------------------

Task<Result<void>> Server::serve() {
    // Before anybody is told where it listens, and may end it.
    if (options_.drain_at_signals) {
        signals_ = std::make_unique<Signals>(loop_, std::initializer_list<int>{SIGTERM, SIGINT});
    }
    if (!has_listened_) FT_CO_TRY_VOID(listen());
    spare_.restore();
    auto ended = co_await first_of(with_scope(serve_all, std::ref(*this)),
                                   with_scope(attend, std::ref(*this)));
    listenings_.clear();
    spare_.give_up();
    signals_.reset();
    note_loop(counters_, noted_);
    if (ended.index() == 0) co_return std::move(ended.get<0>());
    auto attended = std::move(ended.get<1>());
    // stop() cancels what attends, which is how it ends and no failure.
    if (is_stopped_) co_return {};
    co_return attended;
}

Task<Result<void>> Server::serve_all(Scope& peers, Server& self) {
    self.peers_ = &peers;
    auto accepted = co_await with_scope(accept_on_all, std::ref(self));
    self.acceptors_ = nullptr;
    if (!accepted && !self.is_draining()) {
        self.peers_ = nullptr;
        co_return accepted;
    }
    // Who is in a queue has been promised to be served.
    for (Listening& each : self.listenings_) co_await self.empty_queue(each.handle());
    self.listenings_.clear();
    self.peers_ = nullptr;
    co_return {};
}

Task<Result<void>> Server::accept_on_all(Scope& acceptors, Server& self) {
    self.acceptors_ = &acceptors;
    for (Listening& each : self.listenings_) acceptors.spawn(self.accept_from(each));
    co_return {};
}

Task<Result<void>> Server::attend(Scope& scope, Server& self) {
    self.attending_ = &scope;
    if (self.is_stopped_) co_return {};
    if (self.options_.drain_at_signals) scope.spawn(self.obey_signals());
    if (self.options_.control) {
        scope.spawn(serve_controls(*self.options_.control, controls_of(self)));
    }
    auto ended = co_await self.end_in_order();
    self.attending_ = nullptr;
    scope.cancel();
    co_return ended;
}

Task<Result<void>> Server::obey_signals() {
    FT_CO_TRY_VOID(co_await signals_->next());
    log("draining: connections may finish; a second signal ends them");
    drain(options_.drain_how);
    FT_CO_TRY_VOID(co_await signals_->next());
    log("stopped by a second signal");
    stop();
    co_return {};
}

Task<Result<void>> Server::end_in_order() {
    FT_CO_TRY_VOID(co_await drain_asked_.wait());
    if (how_.announce) how_.announce();
    FT_CO_TRY_VOID(co_await sleep(how_.stop_accepting_after));
    if (acceptors_ != nullptr) acceptors_->cancel();
    const Time end = after(loop_.now(), how_.hard);
    const Duration step = std::clamp<Duration>(how_.quiet / 4, std::chrono::milliseconds(10),
                                               std::chrono::seconds(1));
    // When all connections have ended, serve_all() does, and ends this.
    while (loop_.now() < end) {
        FT_CO_TRY_VOID(co_await sleep_until(std::min(end, after(loop_.now(), step))));
        connections_.for_each([this](Connection& each) {
            if (each.watch().rests_since(how_.quiet)) each.watch().stop_for(Reason::drained);
        });
    }
    co_return {};
}

void Server::drain(Drain how) {
    if (is_draining()) return;
    how_ = std::move(how);
    drain_asked_.set();
}

void Server::stop() {
    is_stopped_ = true;
    if (attending_ != nullptr) attending_->cancel();
}

void Server::log(std::string_view line) const {
    if (options_.log) options_.log(line);
}

// --- What is told ------------------------------------------------------------------------------

ServerCounters Server::counters() const {
    ServerCounters now = counters_;
    BackendStats noted = noted_;
    note_loop(now, noted);
    return now;
}

std::vector<ConnectionReport> Server::connections() {
    std::vector<ConnectionReport> all;
    const Time now = loop_.now();
    connections_.for_each([&](Connection& each) {
        ConnectionReport& report = all.emplace_back();
        report.id = each.id();
        report.age = now - each.watch().began();
        if (!each) return;
        if (auto names = each.five_tuple()) report.five_tuple = names->to_string();
        const Watch::Waits waits = each.watch().waits();
        if (const auto since = waits.writing ? waits.writing : waits.reading) {
            report.awaits = waits.writing ? "room to write" : "input";
            report.since = now - *since;
        }
        if (auto info = get<TcpInfo>(each)) {
            report.bytes_received = info->bytes_received.value_or(0);
            report.bytes_sent = info->bytes_acknowledged.value_or(0);
            report.unsent = info->bytes_not_sent.value_or(0);
        }
    });
    return all;
}

bool Server::kill(std::uint64_t id) {
    bool was_there = false;
    connections_.for_each([&](Connection& each) {
        if (each.id() != id) return;
        was_there = true;
        each.watch().stop_for(Reason::killed);
    });
    return was_there;
}

}  // namespace fivetuple
