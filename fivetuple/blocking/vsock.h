#pragma once

#include "fivetuple/blocking/socket_listener.h"
#include "fivetuple/blocking/socket_stream.h"
#include "fivetuple/os/vsock.h"

namespace fivetuple::blocking {

/// A connection between a virtual machine and its host, which needs no network. vsock(7)
class VsockStream : public SocketStream {
public:
    using SocketStream::SocketStream;

    /// Connects to `to`, as in `SocketAddress::vsock(SocketAddress::kHostCid, 1234)`.
    /// Errors: ECONNRESET (nobody listens there), ETIMEDOUT, ENODEV, where this machine has no such
    /// transport; unsupported for a machine that cannot connect to itself; malformed; deadline.
    /// connect(2)
    static Result<VsockStream> connect(const SocketAddress& to, Time deadline = kNever);
};

/// Accepts such connections.
class VsockListener : public SocketListener<VsockStream> {
public:
    using SocketListener::SocketListener;

    /// Listens at `at`, as in `SocketAddress::vsock(SocketAddress::kAnyCid, 0)`; port 0 lets the
    /// kernel choose. Errors: EADDRINUSE, EADDRNOTAVAIL (not a number of this machine), EACCES
    /// (ports below 1024), EAFNOSUPPORT; malformed. bind(2), listen(2)
    static Result<VsockListener> bind(const SocketAddress& at, const ListenOptions& options = {});
};

}  // namespace fivetuple::blocking
