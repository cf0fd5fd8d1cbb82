#include "fivetuple/os/option.h"
#include "fivetuple/server/lingering.h"
#include "fivetuple/server/server.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>

// How a Server comes to its connections, and whom it turns away.
namespace fivetuple {
namespace {

/// So many of those that are turned away may be told why at a time; others get a reset.
constexpr std::size_t kFarewellsMost = 64;
constexpr Duration kFarewellMost = std::chrono::seconds(1);
/// An accept that has not succeeded by then found nobody waiting.
constexpr Duration kAtOnce = std::chrono::milliseconds(1);
/// Connections that are turned away each time that the spare descriptor is used.
constexpr int kShedAtOnce = 16;

/// Whether it was the one connection that failed, before it was accepted. accept(2)
bool concerns_one(const Error& why) {
    static constexpr std::array kCodes{ECONNABORTED, EPROTO, EPERM,        ENETDOWN,   ENOPROTOOPT,
                                       EHOSTDOWN,    ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH,
                                       ETIMEDOUT,    EAGAIN, EINTR};
    return why.cause() == Cause::system && std::ranges::find(kCodes, why.code()) != kCodes.end();
}

}  // namespace

Task<Result<void>> Server::accept_from(Listening& listening) {
    auto ended = co_await with_scope(accept_until_left, std::ref(*this), std::ref(listening));
    listening.accepting = nullptr;
    // Where the server drains meanwhile, who is in the queue is served by it.
    if (!listening.is_left || acceptors_->node().is_stopped()) co_return ended;
    if (loop_.backend().stop_accepting(listening.handle())) {
        co_await take_those_taken_ahead(listening.handle());
    }
    listenings_.remove_if([&listening](const Listening& each) { return &each == &listening; });
    co_return {};
}

Task<Result<void>> Server::accept_until_left(Scope& scope, Server& self, Listening& listening) {
    if (listening.is_left) co_return {};
    listening.accepting = &scope;
    co_return co_await self.accept_on(listening.handle());
}

Task<Result<void>> Server::accept_on(Handle listener) {
    Acceptor acceptor(options_.limits.accepts_per_second,
                      options_.seed + static_cast<std::uint64_t>(listener.number));
    while (true) {
        auto stream = co_await AcceptNext<SocketStream>(listener);
        if (!stream) {
            FT_CO_TRY_VOID(co_await after_failure(acceptor, listener, std::move(stream).error()));
            continue;
        }
        acceptor.patience.relieved();
        acceptor.short_since.reset();
        take(*std::move(stream));
        const Duration pause = acceptor.pace.next(loop_.turn_began());
        if (pause == Duration::zero()) continue;
        counters_.paced++;
        FT_CO_TRY_VOID(co_await sleep(pause));
    }
}

Task<Result<void>> Server::after_failure(Acceptor& acceptor, Handle listener, Error why) {
    if (concerns_one(why)) {
        counters_.accept_failed++;
        co_return co_await yield();
    }
    if (!is_shortage(why)) co_return std::unexpected(std::move(why));
    counters_.shortages++;
    const Time now = loop_.now();
    if (acceptor.patience.should_say_so(now)) log("new connections wait: " + why.message());
    if (!acceptor.short_since) acceptor.short_since = now;
    if (now - *acceptor.short_since >= options_.limits.shortage_patience) co_await shed(listener);
    co_return co_await acceptor.patience.wait();
}

// Gives up the spare descriptor, so that some of those who have waited too long can be accepted,
// one after the other, and turned away: they know, then, and may try elsewhere.
Task<void> Server::shed(Handle listener) {
    // The failure may be of a while ago.
    if (!spare_.is_last()) co_return spare_.restore();
    if (!spare_.give_up()) co_return;
    for (int each = 0; each < kShedAtOnce; ++each) {
        auto stream = co_await within(kAtOnce, AcceptNext<SocketStream>(listener));
        if (!stream) break;
        if (!spare_.is_last()) {
            take(*std::move(stream));
            break;
        }
        counters_.accepted++;
        counters_.reasons[Reason::shortage]++;
        if (options_.farewell) {
            co_await say_farewell(*std::move(stream), Reason::shortage);
        } else {
            close_by_reset(*stream);
        }
    }
    spare_.restore();
}

Task<void> Server::empty_queue(Handle listener) {
    while (true) {
        auto stream = co_await within(kAtOnce, AcceptNext<SocketStream>(listener));
        if (!stream) break;
        take(*std::move(stream));
    }
    // What a backend takes ahead of us from now on would be lost with the listener.
    if (loop_.backend().stop_accepting(listener)) co_await take_those_taken_ahead(listener);
}

Task<void> Server::take_those_taken_ahead(Handle listener) {
    while (true) {
        auto stream = co_await AcceptNext<SocketStream>(listener);
        if (!stream) co_return;
        take(*std::move(stream));
    }
}

std::optional<IpAddress> Server::key_of(const SocketStream& stream) const {
    // One that has been reset meanwhile has no peer any more.
    const auto peer = stream.peer_address();
    if (!peer || !peer->is_ip()) return std::nullopt;
    const IpAddress from = peer->ip().unmapped();
    if (!census_->counts(from)) return std::nullopt;
    return from;
}

void Server::take(SocketStream stream) {
    counters_.accepted++;
    const auto from = key_of(stream);
    if (const auto refused = census_->enter(from)) return refuse(std::move(stream), *refused);
    peers_->spawn(serve_one(std::move(stream), from));
}

void Server::refuse(SocketStream stream, Reason why) {
    counters_.reasons[why]++;
    if (options_.farewell && farewells_ < kFarewellsMost) {
        return peers_->spawn(say_farewell(std::move(stream), why));
    }
    close_by_reset(stream);
}

std::string Server::farewell_for(Reason why) {
    try {
        return options_.farewell(why);
    } catch (...) {
        counters_.threw++;
        return {};
    }
}

Task<void> Server::say_farewell(SocketStream stream, Reason why) {
    farewells_++;
    const std::string text = farewell_for(why);
    ServerLimits brief = options_.limits;
    brief.linger = brief.linger_silence = kFarewellMost;
    auto sent = co_await within(kFarewellMost, stream.write_all(bytes_of(text)));
    if (sent && !text.empty() && why != Reason::shortage) co_await linger_at_end(stream, brief);
    farewells_--;
}

}  // namespace fivetuple
