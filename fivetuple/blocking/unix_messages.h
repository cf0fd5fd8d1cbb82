#pragma once

#include "fivetuple/blocking/unix.h"
#include "fivetuple/os/unix_message.h"

#include <span>

namespace fivetuple::blocking {

/// A socket of the Unix domain that moves messages whole, with descriptors and credentials beside
/// them: what UnixDatagram and UnixSeqpacket share. A path that it has made goes when it does. One
/// thread may receive while another sends. unix(7)
class UnixMessageSocket : public OwnedSocket {
public:
    UnixMessageSocket() = default;
    explicit UnixMessageSocket(Socket socket, PathSocket path = {})
        : OwnedSocket(std::move(socket)), path_(std::move(path)) {}

    /// Waits for a message, whose bytes are the front of `into`. An empty message without a sender
    /// is the end of a SEQPACKET connection.
    /// Errors: EMSGSIZE, where it did not fit; limit, where descriptors were lost; ECONNRESET;
    /// deadline. recvmsg(2)
    Result<UnixMessage> receive(MutableBytes into, Time deadline = kNever);
    /// Sends a message, with duplicates of `files`, to whom the socket is connected; waits while
    /// the peer's queue is full; the size of the message.
    /// Errors: EMSGSIZE, EPIPE, ECONNREFUSED, ENOTCONN; ETOOMANYREFS (too many descriptors under
    /// way); limit, over 253 descriptors; deadline. sendmsg(2)
    Result<std::size_t> send(Bytes message, std::span<const int> files, Time deadline = kNever) {
        return send(message, files, nullptr, deadline);
    }
    Result<std::size_t> send(Bytes message, Time deadline = kNever) {
        return send(message, {}, nullptr, deadline);
    }

    using OwnedSocket::peer_address;

    void close() {
        OwnedSocket::close();
        path_ = PathSocket();
    }

protected:
    Result<std::size_t> send(Bytes message, std::span<const int> files, const SocketAddress* to,
                             Time deadline);

private:
    PathSocket path_;
};

/// Datagrams between processes of one machine: reliable and in order.
class UnixDatagram : public UnixMessageSocket {
public:
    using UnixMessageSocket::UnixMessageSocket;

    /// A socket that receives what is sent to `at`.
    /// Errors: EADDRINUSE, EACCES, ENOENT, EMFILE; malformed for another family. bind(2)
    static Result<UnixDatagram> bind(const SocketAddress& at, const PathOptions& options = {});
    /// A socket that sends to `to`. It has no name of its own, so nobody can answer; bind() first
    /// and connect_to() where somebody should.
    /// Errors: ENOENT, ECONNREFUSED, EACCES, EPROTOTYPE (a stream listens there). connect(2)
    static Result<UnixDatagram> connect(const SocketAddress& to, Time deadline = kNever);
    /// Two sockets connected to each other. socketpair(2)
    static Result<std::pair<UnixDatagram, UnixDatagram>> pair() {
        return connected_pair<UnixDatagram>(SocketType::datagram);
    }

    /// Errors: as connect().
    Result<void> connect_to(const SocketAddress& to, Time deadline = kNever);
    /// Errors: as send(); ENOENT, ECONNREFUSED, EPROTOTYPE.
    Result<std::size_t> send_to(Bytes message, const SocketAddress& to, std::span<const int> files,
                                Time deadline = kNever) {
        return send(message, files, &to, deadline);
    }
    Result<std::size_t> send_to(Bytes message, const SocketAddress& to, Time deadline = kNever) {
        return send(message, {}, &to, deadline);
    }
};

/// A connection that keeps messages whole.
class UnixSeqpacket : public UnixMessageSocket {
public:
    UnixSeqpacket() = default;
    explicit UnixSeqpacket(Socket socket) : UnixMessageSocket(std::move(socket)) {}

    /// Errors: as UnixStream::connect(). connect(2)
    static Result<UnixSeqpacket> connect(const SocketAddress& to, Time deadline = kNever) {
        FT_TRY(Socket socket, connect_unix(to, SocketType::seqpacket, deadline));
        return UnixSeqpacket(std::move(socket));
    }
    static Result<std::pair<UnixSeqpacket, UnixSeqpacket>> pair() {
        return connected_pair<UnixSeqpacket>(SocketType::seqpacket);
    }
};

/// Accepts SEQPACKET connections.
class UnixSeqpacketListener : public UnixSocketListener<UnixSeqpacket> {
public:
    UnixSeqpacketListener() = default;

    /// Errors: as UnixListener::bind().
    static Result<UnixSeqpacketListener> bind(const SocketAddress& at,
                                              const UnixListenOptions& options = {}) {
        FT_TRY(auto listening, listen_unix(at, SocketType::seqpacket, options));
        return UnixSeqpacketListener(std::move(listening.first), std::move(listening.second));
    }

private:
    using UnixSocketListener::UnixSocketListener;
};

}  // namespace fivetuple::blocking
