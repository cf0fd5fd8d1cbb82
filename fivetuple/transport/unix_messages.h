#pragma once

#include "fivetuple/os/path_socket.h"
#include "fivetuple/os/require_peer.h"
#include "fivetuple/os/unix_message.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/datagram_socket.h"
#include "fivetuple/transport/loop_socket.h"
#include "fivetuple/transport/unix.h"

#include <optional>
#include <utility>

namespace fivetuple {

/// Waits for a message of a Unix socket: Result<UnixMessage>. What UnixSocket::receive() is.
class ReceiveUnixMessage : public SocketOp, public Awaits<ReceiveUnixMessage> {
public:
    ReceiveUnixMessage(LoopSocket& socket, MutableBytes into)
        : SocketOp(socket, OpKind::receive_messages, kReads), into_(into) {}
    bool start(Node& node, std::coroutine_handle<> sleeper) {
        begin_use();
        ask_receive_messages(socket_handle(), {&room_.prepare(into_), 1});
        return begin(node, sleeper);
    }
    Result<UnixMessage> finish() {
        end_use();
        if (result < 0) return std::unexpected(error("recvmsg"));
        return room_.take();
    }

private:
    MutableBytes into_;
    UnixMessageRoom room_;
};

/// Sends a message of a Unix socket: Result<std::size_t>, the bytes that went.
class SendUnixMessage : public SocketOp, public Awaits<SendUnixMessage> {
public:
    SendUnixMessage(LoopSocket& socket, Bytes bytes, std::span<const int> files,
                    const SocketAddress* to = nullptr)
        : SocketOp(socket, OpKind::send_messages, kWrites),
          message_(UnixMessageToSend::of(bytes, files)) {
        if (to != nullptr) to_ = *to;
    }
    bool start(Node& node, std::coroutine_handle<> sleeper) {
        begin_use();
        if (!message_) {
            belongs_to(node);
            return false;
        }
        header_ = &message_->prepare(to_ ? &*to_ : nullptr);
        ask_send_messages(socket_handle(), {header_, 1});
        return begin(node, sleeper);
    }
    Result<std::size_t> finish() {
        end_use();
        if (!message_) return std::unexpected(std::move(message_).error());
        if (result >= 0) return header_->msg_len;
        Error why = error("sendmsg");
        if (to_) why = std::move(why).about(to_->to_string());
        return std::unexpected(std::move(why));
    }

private:
    Result<UnixMessageToSend> message_;
    std::optional<SocketAddress> to_;
    mmsghdr* header_ = nullptr;
};

/// A socket of the Unix domain that moves messages whole, with descriptors and credentials beside
/// them: what UnixDatagram and UnixSeqpacket share. A path that it has made goes when it does. One
/// task may receive while another sends. unix(7)
class UnixMessageSocket : public LoopSocket {
public:
    UnixMessageSocket() = default;
    UnixMessageSocket(Loop& loop, Handle socket) : LoopSocket(loop, socket) {}
    UnixMessageSocket(UnixMessageSocket&&) noexcept = default;
    UnixMessageSocket& operator=(UnixMessageSocket&&) noexcept = default;
    ~UnixMessageSocket() { close(); }

    /// Waits for a message: Result<UnixMessage>, whose bytes are the front of `into`. An empty
    /// message without a sender is the end of a SEQPACKET connection.
    /// Errors: EMSGSIZE, where it did not fit; limit, where descriptors were lost; ECONNRESET;
    /// cancelled, deadline. recvmsg(2)
    ReceiveUnixMessage receive(MutableBytes into) { return {*this, into}; }
    /// Sends a message, with duplicates of `files`, to whom the socket is connected; waits while
    /// the peer's queue is full: Result<std::size_t>, the size of the message.
    /// Errors: EMSGSIZE, EPIPE, ECONNREFUSED, ENOTCONN; ETOOMANYREFS (too many descriptors under
    /// way); limit, over 253 descriptors; cancelled, deadline. sendmsg(2)
    SendUnixMessage send(Bytes message, std::span<const int> files = {}) {
        return {*this, message, files};
    }

    /// Closes now; the peer gets what was sent before.
    void close() {
        LoopSocket::close();
        path_ = PathSocket();
    }

    using LoopSocket::peer_address;

protected:
    void owns(PathSocket path) { path_ = std::move(path); }

private:
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
        return {*this, message, files, &to};
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

}  // namespace fivetuple
