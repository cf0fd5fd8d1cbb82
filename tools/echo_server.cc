#include "tools/echo_server.h"

#include "fivetuple/task/scope.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/patience.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/unix.h"

#include <cstdio>

namespace ft_tool {

namespace ft = fivetuple;

namespace {

/// False where the connection has ended. One that the server itself ends stays counted as active.
bool count(EchoCounters& counters, const ft::Result<ft::Lease>& got) {
    if (got && !got->empty()) {
        counters.messages++;
        counters.bytes += got->size();
        return true;
    }
    if (!got && got.error().is_cancelled()) return false;
    counters.active--;
    if (!got) (got.error().is_deadline() ? counters.silent : counters.broken)++;
    return false;
}

ft::Task<void> echo(ft::SocketStream peer, EchoCounters& counters) {
    counters.active++;
    ft::Result<ft::Lease> got;
    do {
        got = co_await peer.write_then_read(*std::move(got));
    } while (count(counters, got));
}

ft::Task<void> echo_within(ft::Duration limit, ft::SocketStream peer, EchoCounters& counters) {
    counters.active++;
    ft::Result<ft::Lease> got;
    do {
        got = co_await ft::within(limit, peer.write_then_read(*std::move(got)));
    } while (count(counters, got));
}

template <class Listener>
ft::Task<ft::Result<void>> accept_all(ft::Scope& peers, Listener listener, ft::Duration limit,
                                      EchoCounters& counters) {
    ft::Patience patience(
        static_cast<std::uint64_t>(peers.loop().now().time_since_epoch().count()));
    while (true) {
        auto peer = co_await listener.accept();
        if (peer) {
            patience.relieved();
            counters.accepted++;
            peers.spawn(limit > ft::Duration::zero()
                            ? echo_within(limit, *std::move(peer), counters)
                            : echo(*std::move(peer), counters));
        } else if (ft::is_shortage(peer.error())) {
            counters.shortages++;
            if (patience.should_say_so(peers.loop().now())) {
                std::fprintf(stderr, "warning: new connections wait: %s\n",
                             peer.error().message().c_str());
            }
            FT_CO_TRY_VOID(co_await patience.wait());
        } else {
            co_return std::unexpected(std::move(peer).error());
        }
    }
}

template <class Listener>
ft::Result<Listener> listen(ft::Loop& loop, const EchoOptions& options) {
    if constexpr (std::same_as<Listener, ft::TcpListener>) {
        ft::ListenOptions how;
        how.reuse_port = options.reuse_port;
        return Listener::bind(loop, options.at, how);
    } else {
        return Listener::bind(loop, options.at);
    }
}

template <class Listener>
ft::Task<ft::Result<void>> serve(ft::Loop& loop, EchoOptions options, EchoCounters& counters) {
    FT_CO_TRY(Listener listener, listen<Listener>(loop, options));
    FT_CO_TRY(const auto address, listener.local_address());
    if (options.listening) options.listening(address);
    co_return co_await ft::with_scope(accept_all<Listener>, std::move(listener),
                                      options.silence_limit, std::ref(counters));
}

}  // namespace

EchoCounters& EchoCounters::operator+=(const EchoCounters& other) {
    accepted += other.accepted;
    active += other.active;
    messages += other.messages;
    bytes += other.bytes;
    broken += other.broken;
    silent += other.silent;
    shortages += other.shortages;
    return *this;
}

ft::Task<ft::Result<void>> echo_server(ft::Loop& loop, EchoOptions options,
                                       EchoCounters& counters) {
    if (options.at.is_unix()) return serve<ft::UnixListener>(loop, std::move(options), counters);
    return serve<ft::TcpListener>(loop, std::move(options), counters);
}

}  // namespace ft_tool
