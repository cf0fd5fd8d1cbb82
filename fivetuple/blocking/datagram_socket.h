#pragma once

#include "fivetuple/blocking/owned_socket.h"
#include "fivetuple/os/datagram.h"
#include "fivetuple/os/datagram_message.h"
#include "fivetuple/os/message_batch.h"
#include "fivetuple/os/udp_options.h"

#include <memory>
#include <optional>

namespace fivetuple::blocking {

/// A socket that moves messages, whole: what UDP and its like share. One thread may receive while
/// another sends, unless failures or the times of sends are told.
class DatagramSocket : public OwnedSocket {
public:
    DatagramSocket() = default;
    explicit DatagramSocket(Socket socket) : OwnedSocket(std::move(socket)) {}

    /// Waits for a datagram, whose bytes are the front of `into`.
    /// Errors: EMSGSIZE where it did not fit; EINVAL where receive_many() has been used on the
    /// socket and datagrams come joined; ECONNREFUSED and the like, where an earlier datagram
    /// came back (see take_failure()); deadline. recvmsg(2)
    Result<Datagram> receive(MutableBytes into, WhenCut when_cut, Time deadline = kNever);
    Result<Datagram> receive(MutableBytes into, Time deadline = kNever) {
        return receive(into, WhenCut::fail, deadline);
    }
    /// Waits for datagrams and takes all that are there and for which the batch has room; how many
    /// messages of the kernel, of which each is one datagram or more.
    /// Errors: as receive(), but for EMSGSIZE: a cut datagram says so itself. recvmmsg(2)
    Result<std::size_t> receive_many(ReceiveBatch& batch, Time deadline = kNever);

    /// Sends one datagram to the peer that the socket is connected to.
    /// Errors: EMSGSIZE, ECONNREFUSED (an earlier one came back), EDESTADDRREQ, ENOTCONN,
    /// ENETUNREACH, EPERM (a firewall); deadline. sendmsg(2)
    Result<void> send(Bytes datagram, const SendDetails& details, Time deadline = kNever) {
        return send(datagram, nullptr, details, deadline);
    }
    Result<void> send(Bytes datagram, Time deadline = kNever) {
        return send(datagram, nullptr, {}, deadline);
    }
    /// The same to `to`. Errors: as send(); EISCONN for some kinds of socket.
    Result<void> send_to(Bytes datagram, const SocketAddress& to, const SendDetails& details,
                         Time deadline = kNever) {
        return send(datagram, &to, details, deadline);
    }
    Result<void> send_to(Bytes datagram, const SocketAddress& to, Time deadline = kNever) {
        return send(datagram, &to, {}, deadline);
    }
    /// Sends all of a batch, with as few calls as this kernel and this path allow, and counts
    /// datagrams. What has gone need not be sent again. Errors: as send(). sendmmsg(2)
    Transfer send_many(SendBatch& batch, Time deadline = kNever);

    using OwnedSocket::peer_address;

    /// Takes the oldest failure that was told of a datagram sent before, where the socket was asked
    /// to report them: nothing where there is none. At most 64 are kept.
    std::optional<DatagramFailure> take_failure();
    /// Waits until the time that a datagram left is known, where the socket was asked to tell
    /// (UdpOptions::tell_sent): in the order of sends; what one message of the kernel took along
    /// has one number. At most 4096 are kept.
    /// Errors: EINVAL where the socket was not asked; ECONNREFUSED and the like, where an earlier
    /// datagram came back; deadline.
    Result<SentTime> sent_time(Time deadline = kNever);

protected:
    UdpJoining joining_;
    /// What the error queue held, where it is looked at at all.
    std::unique_ptr<FailureLog> failures_;
    bool tells_sent_ = false;

private:
    Result<void> send(Bytes datagram, const SocketAddress* to, const SendDetails& details,
                      Time deadline);
    template <class Attempt>
    Result<std::size_t> attempt(Ready what, Time deadline, const char* call, Attempt attempt);
    void drain_failures();
};

}  // namespace fivetuple::blocking
