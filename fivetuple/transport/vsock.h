#pragma once

#include "fivetuple/os/vsock.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/socket_listener.h"
#include "fivetuple/transport/socket_stream.h"

namespace fivetuple {

/// A connection between a virtual machine and its host, which needs no network. vsock(7)
class VsockStream : public SocketStream {
public:
    using SocketStream::SocketStream;

    /// Connects to `to`, as in `SocketAddress::vsock(SocketAddress::kHostCid, 1234)`, on the loop
    /// of the awaiting task. Errors: ECONNRESET (nobody listens there), ETIMEDOUT, ENODEV, where
    /// this machine has no such transport; unsupported for a machine that cannot connect to itself;
    /// malformed; cancelled, deadline. connect(2)
    static Task<Result<VsockStream>> connect(SocketAddress to);
};

/// Accepts such connections.
class VsockListener : public SocketListener<VsockStream> {
public:
    using SocketListener::SocketListener;

    /// Listens at `at`, as in `SocketAddress::vsock(SocketAddress::kAnyCid, 0)`; port 0 lets the
    /// kernel choose. Errors: EADDRINUSE, EADDRNOTAVAIL (not a number of this machine), EACCES
    /// (ports below 1024), EAFNOSUPPORT; malformed. bind(2), listen(2)
    static Result<VsockListener> bind(Loop& loop, const SocketAddress& at,
                                      const ListenOptions& options = {});
};

}  // namespace fivetuple
