#pragma once

#include "fivetuple/os/path_socket.h"
#include "fivetuple/transport/socket_listener.h"
#include "fivetuple/transport/socket_stream.h"

#include <string>

namespace fivetuple {

/// A stream between processes of one machine. unix(7)
class UnixStream : public SocketStream {
public:
    using SocketStream::SocketStream;

    /// Connects to a path or an abstract name, on the loop of the awaiting task; waits while the
    /// listener's queue is full.
    /// Errors: ENOENT, ECONNREFUSED (nobody listens), EACCES, EMFILE; cancelled, deadline.
    /// connect(2)
    static Task<Result<UnixStream>> connect(SocketAddress to);
};

/// Accepts streams in the Unix domain. A path that it has made goes when it does.
class UnixListener : public SocketListener<UnixStream> {
public:
    UnixListener() = default;

    /// Errors: EADDRINUSE (the path exists, or the abstract name is taken), EACCES, ENOENT, EMFILE;
    /// malformed for an address of another family. bind(2), unix(7)
    static Result<UnixListener> bind(Loop& loop, const SocketAddress& at,
                                     const ListenOptions& options = {});

private:
    UnixListener(ListeningSocket socket, PathSocket path)
        : SocketListener(std::move(socket)), path_(std::move(path)) {}

    PathSocket path_;
};

}  // namespace fivetuple
