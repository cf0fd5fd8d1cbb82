#pragma once

#include "fivetuple/os/multipath.h"
#include "fivetuple/transport/socket_listener.h"
#include "fivetuple/transport/socket_stream.h"

#include <chrono>
#include <optional>

namespace fivetuple {

/// A TCP connection. Nagle's delay is off. tcp(7)
class TcpStream : public SocketStream {
public:
    using SocketStream::SocketStream;

    struct ConnectOptions {
        /// The local address to connect from; its port may be 0.
        std::optional<SocketAddress> from = std::nullopt;
        /// Ask for MPTCP, and take plain TCP where this kernel, the path or the peer has none:
        /// multipath_state() tells which it became.
        bool multipath = false;
        /// The first bytes that are written go with the handshake, a round trip earlier, where the
        /// peer was met before and allows it. They may then arrive twice, and the connection is
        /// only known to be there when something has come back. TCP_FASTOPEN_CONNECT
        bool fast_open = false;
    };

    /// Connects to `to`, on the loop of the awaiting task. Bound it by `within(5s, ...)`: the
    /// kernel gives up on a silent host after about two minutes. Errors: ECONNREFUSED, ETIMEDOUT,
    /// EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL (out of ports), EMFILE; cancelled, deadline.
    /// connect(2)
    static Task<Result<TcpStream>> connect(SocketAddress to, ConnectOptions options);
    static Task<Result<TcpStream>> connect(SocketAddress to) { return connect(to, {}); }
};

/// Accepts TCP connections. SO_REUSEADDR and TCP_NODELAY are on (accepted streams inherit them);
/// an IPv6 listener serves IPv4 as well.
class TcpListener : public SocketListener<TcpStream> {
public:
    using SocketListener::SocketListener;

    /// Errors: EADDRINUSE, EADDRNOTAVAIL, EACCES (ports below 1024), EMFILE; malformed for an
    /// address that is not IP. bind(2), listen(2)
    static Result<TcpListener> bind(Loop& loop, const SocketAddress& at,
                                    const ListenOptions& options = {});
};

}  // namespace fivetuple
