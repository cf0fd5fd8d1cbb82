#pragma once

#include "fivetuple/os/option.h"
#include "fivetuple/os/options/unix.h"
#include "fivetuple/os/path_socket.h"
#include "fivetuple/os/unix_message.h"
#include "fivetuple/task/op_wait.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/datagram_socket.h"
#include "fivetuple/transport/unix.h"

#include <optional>
#include <utility>

namespace fivetuple {

/// Waits for a message of a Unix socket: Result<UnixMessage>. What UnixSocket::receive() is.
class ReceiveUnixMessage : public OpWait, public Awaits<ReceiveUnixMessage> {
public:
    ReceiveUnixMessage(Handle socket, MutableBytes into)
        : OpWait(OpKind::receive_messages), socket_(socket), into_(into) {}
    bool start(Node& node, std::coroutine_handle<> sleeper) {
        ask_receive_messages(socket_, {&room_.prepare(into_), 1});
        return begin(node, sleeper);
    }
    Result<UnixMessage> finish() {
        if (result < 0) return std::unexpected(error("recvmsg"));
        return room_.take();
    }

private:
    Handle socket_;
    MutableBytes into_;
    UnixMessageRoom room_;
};

/// Sends a message of a Unix socket: Result<std::size_t>, the bytes that went.
class SendUnixMessage : public OpWait, public Awaits<SendUnixMessage> {
public:
    SendUnixMessage(Handle socket, Bytes bytes, std::span<const int> files,
                    const SocketAddress* to = nullptr)
        : OpWait(OpKind::send_messages),
          socket_(socket),
          message_(UnixMessageToSend::of(bytes, files)) {
        if (to != nullptr) to_ = *to;
    }
    bool start(Node& node, std::coroutine_handle<> sleeper) {
        if (!message_) {
            belongs_to(node);
            return false;
        }
        header_ = &message_->prepare(to_ ? &*to_ : nullptr);
        ask_send_messages(socket_, {header_, 1});
        return begin(node, sleeper);
    }
    Result<std::size_t> finish() {
        if (!message_) return std::unexpected(std::move(message_).error());
        if (result >= 0) return header_->msg_len;
        Error why = error("sendmsg");
        if (to_) why = std::move(why).about(to_->to_string());
        return std::unexpected(std::move(why));
    }

private:
    Handle socket_;
    Result<UnixMessageToSend> message_;
    std::optional<SocketAddress> to_;
    mmsghdr* header_ = nullptr;
};

/// A socket of the Unix domain that moves messages whole, with descriptors and credentials beside
/// them: what UnixDatagram and UnixSeqpacket share. A path that it has made goes when it does. One
/// task may receive while another sends. unix(7)
class UnixMessageSocket {
public:
    UnixMessageSocket() = default;
    UnixMessageSocket(Loop& loop, Handle socket) : loop_(&loop), socket_(socket) {}
    UnixMessageSocket(UnixMessageSocket&& other) noexcept
        : loop_(other.loop_),
          socket_(std::exchange(other.socket_, Handle())),
          path_(std::move(other.path_)) {}
    UnixMessageSocket& operator=(UnixMessageSocket&& other) noexcept {
        close();
        loop_ = other.loop_;
        socket_ = std::exchange(other.socket_, Handle());
        path_ = std::move(other.path_);
        return *this;
    }
    ~UnixMessageSocket() { close(); }

    /// Waits for a message: Result<UnixMessage>, whose bytes are the front of `into`. An empty
    /// message without a sender is the end of a SEQPACKET connection.
    /// Errors: EMSGSIZE, where it did not fit; limit, where descriptors were lost; ECONNRESET;
    /// cancelled, deadline. recvmsg(2)
    ReceiveUnixMessage receive(MutableBytes into) { return {socket_, into}; }
    /// Sends a message, with duplicates of `files`, to whom the socket is connected; waits while
    /// the peer's queue is full: Result<std::size_t>, the size of the message.
    /// Errors: EMSGSIZE, EPIPE, ECONNREFUSED, ENOTCONN; ETOOMANYREFS (too many descriptors under
    /// way); limit, over 253 descriptors; cancelled, deadline. sendmsg(2)
    SendUnixMessage send(Bytes message, std::span<const int> files = {}) {
        return {socket_, message, files};
    }

    void close() {
        if (socket_) loop_->backend().close(std::exchange(socket_, Handle()));
        path_ = PathSocket();
    }

    /// Errors: ENOTCONN for the peer's. getsockname(2), getpeername(2)
    Result<SocketAddress> local_address() const { return loop_->sockets().local_address(socket_); }
    Result<SocketAddress> peer_address() const { return loop_->sockets().peer_address(socket_); }

    /// For set() and get() of options.
    Result<void> set_option(int level, int number, Bytes value) {
        return loop_->sockets().set_option(socket_, level, number, value);
    }
    Result<std::size_t> get_option(int level, int number, MutableBytes room) const {
        return loop_->sockets().get_option(socket_, level, number, room);
    }

    explicit operator bool() const { return static_cast<bool>(socket_); }
    Loop& loop() const { return *loop_; }
    Handle handle() const { return socket_; }

protected:
    void owns(PathSocket path) { path_ = std::move(path); }

private:
    Loop* loop_ = nullptr;
    Handle socket_;
    PathSocket path_;
};

/// Datagrams between processes of one machine: reliable and in order.
class UnixDatagram : public UnixMessageSocket {
public:
    using UnixMessageSocket::UnixMessageSocket;

    /// A socket that receives what is sent to `at`.
    /// Errors: EADDRINUSE, EACCES, ENOENT, EMFILE; malformed for another family. bind(2)
    static Result<UnixDatagram> bind(Loop& loop, const SocketAddress& at,
                                     const PathOptions& options = {});
    /// A socket, on the loop of the awaiting task, that sends to `to`. It has no name of its own,
    /// so nobody can answer; bind() first and connect_to() where somebody should.
    /// Errors: ENOENT, ECONNREFUSED, EACCES, EPROTOTYPE (a stream listens there). connect(2)
    static Task<Result<UnixDatagram>> connect(SocketAddress to);
    /// Two sockets connected to each other. socketpair(2)
    static Result<std::pair<UnixDatagram, UnixDatagram>> pair(Loop& loop);

    /// Errors: as connect().
    Task<Result<void>> connect_to(SocketAddress to);
    /// Errors: as send(); ENOENT, ECONNREFUSED, EPROTOTYPE.
    SendUnixMessage send_to(Bytes message, const SocketAddress& to,
                            std::span<const int> files = {}) {
        return {handle(), message, files, &to};
    }
};

/// A connection that keeps messages whole.
class UnixSeqpacket : public UnixMessageSocket {
public:
    using UnixMessageSocket::UnixMessageSocket;

    /// Errors: as UnixStream::connect(). connect(2)
    static Task<Result<UnixSeqpacket>> connect(SocketAddress to);
    static Result<std::pair<UnixSeqpacket, UnixSeqpacket>> pair(Loop& loop);
};

/// Accepts SEQPACKET connections. A path that it has made goes when it does.
class UnixSeqpacketListener : public SocketListener<UnixSeqpacket> {
public:
    UnixSeqpacketListener() = default;

    /// Errors: as UnixListener::bind().
    static Result<UnixSeqpacketListener> bind(Loop& loop, const SocketAddress& at,
                                              const UnixListenOptions& options = {});

private:
    UnixSeqpacketListener(ListeningSocket socket, PathSocket path)
        : SocketListener(std::move(socket)), path_(std::move(path)) {}

    PathSocket path_;
};

/// `require_peer(stream, ::getuid())`: the peer's process must belong to that user.
/// Errors: EACCES, saying who it is instead; ENOTCONN and the like. unix(7), SO_PEERCRED
template <TellsOptions S>
Result<void> require_peer(S& socket, std::uint32_t uid) {
    FT_TRY(const PeerCredentials peer, get<PeerCredentials>(socket));
    if (peer.uid == uid) return {};
    return std::unexpected(Error::system(EACCES, "require_peer")
                               .because("the peer belongs to user " + std::to_string(peer.uid) +
                                        " (process " + std::to_string(peer.pid) +
                                        "), not to user " + std::to_string(uid)));
}

}  // namespace fivetuple
