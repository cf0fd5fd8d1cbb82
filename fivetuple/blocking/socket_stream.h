#pragma once

#include "fivetuple/base/lease.h"
#include "fivetuple/blocking/owned_socket.h"

#include <span>

namespace fivetuple::blocking {

/// A connected socket that moves bytes both ways: what TcpStream and UnixStream share.
class SocketStream : public OwnedSocket {
public:
    SocketStream() = default;
    /// Takes over a connected socket.
    explicit SocketStream(Socket socket) : OwnedSocket(std::move(socket)) {}

    /// Waits for bytes and takes as many as there are and fit; 0 is the end of the stream.
    /// Errors: ECONNRESET, ETIMEDOUT; deadline. recv(2)
    Result<std::size_t> read_some(MutableBytes into, Time deadline = kNever);
    /// Fills `into` whole. Errors: as read_some(); ended, where the stream ends before.
    Transfer read_exact(MutableBytes into, Time deadline = kNever);
    /// Waits for bytes and hands out the buffer that they came in; an empty one at the end of the
    /// stream. Until bytes come, the stream owns no buffer. The lease may outlive the stream.
    /// Errors: as read_some().
    Result<Lease> read(Time deadline = kNever);

    /// Sends all of `from`, and says how much went before an error.
    /// Errors: EPIPE, ECONNRESET, ETIMEDOUT; deadline. send(2)
    Transfer write_all(Bytes from, Time deadline = kNever);
    /// Sends all of the pieces, one behind the other, without joining them. The array of pieces is
    /// used up by it. Errors: as write_all(). sendmsg(2)
    Transfer writev(std::span<Bytes> pieces, Time deadline = kNever);
    /// Sends all of `from`, then is a read(); one deadline for both. Errors: as both.
    Result<Lease> write_then_read(Bytes from, Time deadline = kNever);
    /// The same of a lease, which ends as soon as its bytes have been sent.
    Result<Lease> write_then_read(Lease&& from, Time deadline = kNever);

    /// Waits until the peer has closed or shut down its side, or the connection broke, without
    /// reading anything. Errors: deadline. poll(2), POLLRDHUP
    Result<void> hang_up(Time deadline = kNever);

    /// Tells the peer that no more will come; what it sends can still be read. Errors: ENOTCONN.
    Result<void> shutdown_write() { return socket().shutdown_write(); }

    using OwnedSocket::peer_address;
    /// Protocol, local address and port, peer address and port. Errors: ENOTCONN.
    Result<FiveTuple> five_tuple() const { return socket().five_tuple(); }
};

}  // namespace fivetuple::blocking
