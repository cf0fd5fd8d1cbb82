#pragma once

#include "fivetuple/blocking/socket_listener.h"
#include "fivetuple/blocking/socket_stream.h"
#include "fivetuple/os/path_socket.h"
#include "fivetuple/os/require_peer.h"
#include "fivetuple/os/unix_message.h"

#include <span>
#include <utility>

namespace fivetuple::blocking {

/// A socket of the Unix domain, connected to `to`; waits while the listener's queue is full.
/// Errors: as UnixStream::connect().
Result<Socket> connect_unix(const SocketAddress& to, SocketType type, Time deadline);

/// A socket of `type` that listens at `at`, and the file it has made.
/// Errors: as UnixListener::bind().
Result<std::pair<Socket, PathSocket>> listen_unix(const SocketAddress& at, SocketType type,
                                                  const UnixListenOptions& options);

/// Two sockets of class S, connected to each other. Errors: EMFILE, ENFILE. socketpair(2)
template <class S>
Result<std::pair<S, S>> connected_pair(SocketType type) {
    FT_TRY(auto fds, socket_pair(type));
    return std::pair(S(Socket(std::move(fds.first))), S(Socket(std::move(fds.second))));
}

/// A stream between processes of one machine. unix(7)
class UnixStream : public SocketStream {
public:
    using SocketStream::SocketStream;

    /// Two streams connected to each other. socketpair(2)
    static Result<std::pair<UnixStream, UnixStream>> pair() {
        return connected_pair<UnixStream>(SocketType::stream);
    }

    /// Connects to a path or an abstract name; waits while the listener's queue is full.
    /// Errors: ENOENT, ECONNREFUSED (nobody listens), EACCES, EMFILE; malformed for an address of
    /// another family; deadline. connect(2)
    static Result<UnixStream> connect(const SocketAddress& to, Time deadline = kNever) {
        FT_TRY(Socket socket, connect_unix(to, SocketType::stream, deadline));
        return UnixStream(std::move(socket));
    }

    /// Sends all of `bytes`, at least one, and with the first of them duplicates of `files`, which
    /// stay the caller's. Errors: as write_all(); EINVAL, without a byte; ETOOMANYREFS (too many
    /// descriptors under way); limit, over 253 descriptors. sendmsg(2), SCM_RIGHTS in unix(7)
    Transfer send_files(Bytes bytes, std::span<const int> files, Time deadline = kNever);
    /// Waits for bytes, takes as many as there are and fit, and the descriptors that came with
    /// them; it stops where other descriptors begin. No bytes are the end of the stream.
    /// Errors: limit, where descriptors were lost: those that came are closed; as read_some().
    /// recvmsg(2)
    Result<UnixMessage> receive_message(MutableBytes into, Time deadline = kNever);
};

/// Accepts connections in the Unix domain. A path that it has made goes when it does.
template <class S>
class UnixSocketListener : public SocketListener<S> {
public:
    UnixSocketListener() = default;

    /// Stops listening.
    void close() {
        SocketListener<S>::close();
        path_ = PathSocket();
    }

protected:
    UnixSocketListener(Socket socket, PathSocket path)
        : SocketListener<S>(std::move(socket)), path_(std::move(path)) {}

private:
    PathSocket path_;
};

/// Accepts streams in the Unix domain.
class UnixListener : public UnixSocketListener<UnixStream> {
public:
    UnixListener() = default;

    /// Errors: EADDRINUSE (somebody listens there, the file is another's or no socket, or the
    /// abstract name is taken), EACCES, ENOENT, EMFILE; malformed for an address of another family.
    /// bind(2), unix(7)
    static Result<UnixListener> bind(const SocketAddress& at,
                                     const UnixListenOptions& options = {}) {
        FT_TRY(auto listening, listen_unix(at, SocketType::stream, options));
        return UnixListener(std::move(listening.first), std::move(listening.second));
    }

private:
    using UnixSocketListener::UnixSocketListener;
};

}  // namespace fivetuple::blocking
