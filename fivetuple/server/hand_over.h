#pragma once

#include "fivetuple/os/inherited_sockets.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/unix_messages.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

// A server restarts without a connection refused or reset: its successor gets its listeners, which
// stay open all the time, serves, and only then the old one stops accepting. Whatever goes wrong
// before that, the old one goes on as if nothing had been.
namespace fivetuple {

/// A listener to be handed to a successor, which gets a duplicate: it stays its owner's.
struct HandedSocket {
    std::string name;     ///< At most 255 bytes; how the successor knows it.
    int descriptor = -1;  ///< Of the kernel.
};

/// `hand("http", listener)`, of a socket of a loop in the kernel.
inline HandedSocket hand(std::string name, const LoopSocket& socket) {
    return {std::move(name), socket.handle().number};
}

/// A connection that goes on with the successor, as HandedSocket. Nothing may read or write it any
/// more, and it must have been read by read_some() or read_exact() only: what a backend has read
/// ahead of a read() is not in the kernel any more, and stays behind.
struct HandedConnection {
    std::string name;     ///< At most 255 bytes.
    std::string state;    ///< What has to be known to go on: at most 60,000 bytes.
    int descriptor = -1;  ///< Of the kernel.
};

/// The same, as the successor gets it.
struct TakenConnection {
    InheritedSocket connection;
    std::string state;
};

struct HandOverOptions {
    /// How long a successor may take from asking to being ready.
    Duration limit = std::chrono::seconds(30);
    /// Told of each successor that did not get so far, and why.
    std::function<void(const Error&)> failed = {};
    /// Asked when a successor is ready: the connections that it gets besides. They are its own, and
    /// are to be closed, when HandOver::wait() has returned well; where `failed` is called instead
    /// the old server goes on with them.
    std::function<Task<std::vector<HandedConnection>>()> connections = {};
};

/// The old server's side: listens for a successor.
class HandOver {
public:
    /// Listens at `at`, of the Unix domain; a path can be reached by our own user only.
    /// Errors: as UnixListener::bind().
    static Result<HandOver> listen(Loop& loop, const SocketAddress& at,
                                   HandOverOptions options = {});

    /// Waits until a successor of the same user has the sockets and is ready; then the caller stops
    /// accepting and drains. One that is refused, dies half-way or takes too long is told to
    /// HandOverOptions::failed, and the next may come. The name is free again when this is done.
    /// Errors: limit, for a name that is too long; of accept(2), as EMFILE; cancelled, deadline.
    Task<Result<void>> wait(std::vector<HandedSocket> sockets);
    /// No successor is waited for any more: the name is free.
    void close() { listener_ = UnixSeqpacketListener(); }

private:
    HandOver(UnixSeqpacketListener listener, HandOverOptions options)
        : listener_(std::move(listener)), options_(std::move(options)) {}

    UnixSeqpacketListener listener_;
    HandOverOptions options_;
};

/// The successor's side: what it was given.
class TakeOver {
public:
    /// Asks the server that listens at `at`, which must be of our own user, for its sockets. Bound
    /// it by `within(10s, ...)`.
    /// Errors: ENOENT, ECONNREFUSED: there is none, open your own; EACCES, where it is another
    /// user's; ended, where it gave up; malformed; cancelled, deadline.
    static Task<Result<TakeOver>> ask(SocketAddress at);

    /// To be taken out and served.
    std::vector<InheritedSocket> sockets;
    /// Those that the old server has handed on, once ready() has returned: adopt_tcp_stream().
    std::vector<TakenConnection> connections;

    /// All sockets are being served: the old server stops accepting. The name to listen at for the
    /// next successor is free when this is done. Errors: malformed; ended, where the old server is
    /// gone or has given up waiting; cancelled, deadline. Where it failed the old one may serve on.
    Task<Result<void>> ready();

private:
    explicit TakeOver(UnixSeqpacket old) : old_(std::move(old)) {}
    Task<Result<void>> take_connections();
    UnixSeqpacket old_;
};

}  // namespace fivetuple
