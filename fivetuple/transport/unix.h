#pragma once

#include "fivetuple/os/listening.h"
#include "fivetuple/os/path_socket.h"
#include "fivetuple/transport/socket_listener.h"
#include "fivetuple/transport/socket_stream.h"

#include <string>
#include <utility>

namespace fivetuple {

/// Connects a socket of the Unix domain to `to`, which must stay where it is; waits while the
/// listener's queue is full. Errors: as UnixStream::connect().
Task<Result<void>> connect_unix(Handle socket, const SocketAddress& to);

/// Two sockets of class S, connected to each other. Errors: EMFILE, ENFILE. socketpair(2)
template <class S>
Result<std::pair<S, S>> connected_pair(Loop& loop, SocketType type) {
    FT_TRY(auto fds, socket_pair(type));
    FT_TRY(const Handle first, loop.sockets().adopt(std::move(fds.first)));
    S one(loop, first);
    FT_TRY(const Handle second, loop.sockets().adopt(std::move(fds.second)));
    return std::pair(std::move(one), S(loop, second));
}

/// A stream between processes of one machine. unix(7)
class UnixStream : public SocketStream {
public:
    using SocketStream::SocketStream;

    /// Two streams connected to each other. socketpair(2)
    static Result<std::pair<UnixStream, UnixStream>> pair(Loop& loop);

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

    /// Errors: EADDRINUSE (somebody listens there, the file is another's or no socket, or the
    /// abstract name is taken), EACCES, ENOENT, EMFILE; malformed for an address of another family.
    /// bind(2), unix(7)
    static Result<UnixListener> bind(Loop& loop, const SocketAddress& at,
                                     const UnixListenOptions& options = {});

private:
    friend class UnixSeqpacketListener;
    /// A socket of `type` that listens at `at`, and the file it has made.
    static Result<std::pair<ListeningSocket, PathSocket>> listen(Loop& loop,
                                                                 const SocketAddress& at,
                                                                 SocketType type,
                                                                 const UnixListenOptions& options);
    UnixListener(ListeningSocket socket, PathSocket path)
        : SocketListener(std::move(socket)), path_(std::move(path)) {}

    PathSocket path_;
};

}  // namespace fivetuple
