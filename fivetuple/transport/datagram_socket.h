#pragma once

#include "fivetuple/os/datagram.h"
#include "fivetuple/os/datagram_message.h"
#include "fivetuple/os/message_batch.h"
#include "fivetuple/os/udp_options.h"
#include "fivetuple/transport/loop_socket.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace fivetuple {

/// A socket of a loop that moves messages, whole: what UDP, Unix datagrams and their like share.
/// One task may receive while another sends.
class DatagramSocket : public LoopSocket {
    class MessageOp;

public:
    class Receive;
    class Send;
    class ReceiveMany;
    class SendMany;
    class NextSentTime;

    DatagramSocket() = default;
    /// Takes over a socket of `loop`.
    DatagramSocket(Loop& loop, Handle socket) : LoopSocket(loop, socket) {}

    /// Waits for a datagram: Result<Datagram>, whose bytes are the front of `into`.
    /// Errors: EMSGSIZE where it did not fit; EINVAL where receive_many() has been used on the
    /// socket and datagrams come joined; ECONNREFUSED and the like, where an earlier datagram
    /// came back (see take_failure()); cancelled, deadline. recvmsg(2)
    Receive receive(MutableBytes into, WhenCut when_cut = WhenCut::fail);
    /// Waits for datagrams and takes all that are there and for which the batch has room:
    /// Result<std::size_t>, the kernel's messages, of which each is one datagram or more.
    /// Errors: as receive(), but for EMSGSIZE: a cut datagram says so itself. recvmmsg(2)
    ReceiveMany receive_many(ReceiveBatch& batch);

    /// Sends one datagram to the peer that the socket is connected to: Result<void>.
    /// Errors: EMSGSIZE, ECONNREFUSED (an earlier one came back), EDESTADDRREQ, ENOTCONN,
    /// ENETUNREACH, EPERM (a firewall); cancelled, deadline. sendmsg(2)
    Send send(Bytes datagram, const SendDetails& details = {});
    /// The same to `to`, which is copied. Errors: as send(); EISCONN for some kinds of socket.
    Send send_to(Bytes datagram, const SocketAddress& to, const SendDetails& details = {});
    /// Sends all of a batch, with as few calls as this kernel and this path allow: Transfer, which
    /// counts datagrams. What has gone need not be sent again. Errors: as send(). sendmmsg(2)
    SendMany send_many(SendBatch& batch);

    /// Closes now; what has come and not been received is lost. close(2)
    using LoopSocket::close;

    using LoopSocket::peer_address;

    /// Takes the oldest failure that was told of a datagram sent before, where the socket was asked
    /// to report them: nothing where there is none. At most 64 are kept.
    std::optional<DatagramFailure> take_failure();
    /// Waits until the time that a datagram left is known, where the socket was asked to tell
    /// (UdpOptions::tell_sent): Result<SentTime>, in the order of sends; what one message of the
    /// kernel took along has one number. At most 4096 are kept.
    /// Errors: EINVAL where the socket was not asked; ECONNREFUSED and the like, where an earlier
    /// datagram came back; cancelled, deadline.
    NextSentTime sent_time();

protected:
    UdpJoining joining_;
    /// What the error queue held, where it is looked at at all.
    std::unique_ptr<FailureLog> failures_;
    bool tells_sent_ = false;

private:
    void drain_failures();

    NextSentTime* waiter_ = nullptr;  // Is told when somebody else has emptied the queue.
};

/// What all operations share: that a failure makes the socket look into its error queue.
class DatagramSocket::MessageOp : public SocketOp {
protected:
    MessageOp(DatagramSocket& socket, OpKind what, std::uint8_t use)
        : SocketOp(socket, what, use), socket_(socket) {}
    void end_use();
    // What has ended with EAGAIN goes on, when the error queue has been emptied: there was
    // something in it that is no failure.
    static void step_over_notes(Job& job);

    DatagramSocket& socket_;
};

class DatagramSocket::Receive : public MessageOp, public Awaits<Receive> {
public:
    Receive(DatagramSocket& socket, MutableBytes into, WhenCut when_cut)
        : MessageOp(socket, OpKind::receive_messages, kReads), into_(into), when_cut_(when_cut) {
        run = &step_over_notes;
    }
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Result<Datagram> finish();

private:
    MutableBytes into_;
    WhenCut when_cut_;
    bool refused_ = false;
    DatagramRoom room_;
};

class DatagramSocket::ReceiveMany : public MessageOp, public Awaits<ReceiveMany> {
public:
    ReceiveMany(DatagramSocket& socket, ReceiveBatch& batch)
        : MessageOp(socket, OpKind::receive_messages, kReads), batch_(batch) {
        run = &step_over_notes;
    }
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Result<std::size_t> finish();

private:
    ReceiveBatch& batch_;
};

class DatagramSocket::Send : public MessageOp, public Awaits<Send> {
public:
    Send(DatagramSocket& socket, Bytes datagram, const SocketAddress* to,
         const SendDetails& details);
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Result<void> finish();

private:
    DatagramToSend datagram_;
    std::optional<Error> refused_;  // What is wrong with the details.
};

class DatagramSocket::SendMany : public MessageOp, public Awaits<SendMany> {
public:
    SendMany(DatagramSocket& socket, SendBatch& batch)
        : MessageOp(socket, OpKind::send_messages, kWrites), batch_(batch) {
        run = &step;
    }
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Transfer finish();

private:
    static void step(Job& job);
    bool ask_for_rest();

    SendBatch& batch_;
};

/// See sent_time().
class DatagramSocket::NextSentTime : public MessageOp, public Awaits<NextSentTime> {
public:
    explicit NextSentTime(DatagramSocket& socket) : MessageOp(socket, OpKind::poll, kWaits) {
        run = &step;
    }
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Result<SentTime> finish();

private:
    static void step(Job& job);

    std::optional<SentTime> found_;
};

inline DatagramSocket::Receive DatagramSocket::receive(MutableBytes into, WhenCut when_cut) {
    return {*this, into, when_cut};
}
inline DatagramSocket::ReceiveMany DatagramSocket::receive_many(ReceiveBatch& batch) {
    return {*this, batch};
}
inline DatagramSocket::Send DatagramSocket::send(Bytes datagram, const SendDetails& details) {
    return {*this, datagram, nullptr, details};
}
inline DatagramSocket::Send DatagramSocket::send_to(Bytes datagram, const SocketAddress& to,
                                                    const SendDetails& details) {
    return {*this, datagram, &to, details};
}
inline DatagramSocket::NextSentTime DatagramSocket::sent_time() { return NextSentTime(*this); }
inline DatagramSocket::SendMany DatagramSocket::send_many(SendBatch& batch) {
    return {*this, batch};
}

}  // namespace fivetuple
