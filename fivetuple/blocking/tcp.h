#pragma once

#include "fivetuple/blocking/socket_listener.h"
#include "fivetuple/blocking/socket_stream.h"
#include "fivetuple/os/multipath.h"

#include <optional>

namespace fivetuple::blocking {

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

    /// Connects to `to`. Without a deadline the kernel gives up on a silent host after about two
    /// minutes. Errors: ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL (out of
    /// ports), EMFILE; malformed for an address that is not IP; deadline. connect(2)
    static Result<TcpStream> connect(const SocketAddress& to, const ConnectOptions& options,
                                     Time deadline = kNever);
    static Result<TcpStream> connect(const SocketAddress& to, Time deadline = kNever) {
        return connect(to, {}, deadline);
    }
};

/// Accepts TCP connections. SO_REUSEADDR and TCP_NODELAY are on (accepted streams inherit them); an
/// IPv6 listener serves IPv4 as well.
class TcpListener : public SocketListener<TcpStream> {
public:
    using SocketListener::SocketListener;

    /// Errors: EADDRINUSE, EADDRNOTAVAIL, EACCES (ports below 1024), EMFILE; malformed for an
    /// address that is not IP. bind(2), listen(2)
    static Result<TcpListener> bind(const SocketAddress& at, const ListenOptions& options = {});
};

}  // namespace fivetuple::blocking
