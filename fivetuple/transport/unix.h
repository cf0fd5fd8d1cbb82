#pragma once

#include "fivetuple/os/listening.h"
#include "fivetuple/os/path_socket.h"
#include "fivetuple/os/unix_message.h"
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

    /// Sends all of `bytes`, at least one, and with the first of them duplicates of `files`, which
    /// stay the caller's: Transfer. The peer takes them by receive_message().
    /// Errors: as write_all(); EINVAL, without a byte; ETOOMANYREFS (too many descriptors under
    /// way); limit, over 253 descriptors. sendmsg(2), SCM_RIGHTS in unix(7)
    Task<Transfer> send_files(Bytes bytes, std::span<const int> files);
    /// Waits for bytes, takes as many as there are and fit, and the descriptors that came with
    /// them; it stops where other descriptors begin. No bytes are the end of the stream. (What
    /// read() or read_some() takes loses its descriptors, and read() may take more than it shows.)
    /// Errors: limit, where descriptors were lost: those that came are closed; as read_some().
    /// recvmsg(2)
    Task<Result<UnixMessage>> receive_message(MutableBytes into);
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
