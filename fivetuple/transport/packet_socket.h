#pragma once

#include "fivetuple/os/packet_message.h"
#include "fivetuple/os/packet_socket.h"
#include "fivetuple/transport/loop_socket.h"

#include <optional>

namespace fivetuple {

/// Sends and receives frames of a network interface: below IP, and beside all other sockets, which
/// get theirs as before. Needs CAP_NET_RAW. One task may receive while another sends. packet(7)
class PacketSocket : public LoopSocket {
public:
    class Receive;
    class Send;

    PacketSocket() = default;
    /// Takes over a socket of `loop`.
    PacketSocket(Loop& loop, Handle socket) : LoopSocket(loop, socket) {}
    /// Errors: as open_packet_socket(); limit, where the backend cannot watch so high a descriptor.
    static Result<PacketSocket> open(Loop& loop, const PacketOptions& options = {});

    /// Waits for a frame: Result<LinkFrame>, whose bytes are the front of `into`.
    /// Errors: EMSGSIZE where it did not fit; ENETDOWN, once, where the interface has gone down;
    /// cancelled, deadline. recvmsg(2)
    Receive receive(MutableBytes into, WhenCut when_cut = WhenCut::fail);

    /// Sends a frame by the interface that the socket is bound to: Result<void>. It begins with the
    /// link's header, unless the socket is cooked; then use send_to().
    /// Errors: EMSGSIZE over the MTU, ENXIO where no interface is named, ENETDOWN, ENOBUFS; EINVAL
    /// for one without a whole header; cancelled, deadline. sendmsg(2)
    Send send(Bytes frame);
    /// The same by another interface, or (cooked) to a card. Errors: as send().
    Send send_to(Bytes frame, const PacketAddress& to);

    /// What was received and dropped since this was last asked.
    Result<PacketStatistics> take_statistics() {
        return take_packet_statistics(OptionAccess(*this));
    }

    /// Closes now. close(2)
    using LoopSocket::close;
};

class PacketSocket::Receive : public SocketOp, public Awaits<Receive> {
public:
    Receive(PacketSocket& socket, MutableBytes into, WhenCut when_cut)
        : SocketOp(socket, OpKind::receive_messages, kReads), into_(into), when_cut_(when_cut) {}
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Result<LinkFrame> finish();

private:
    MutableBytes into_;
    WhenCut when_cut_;
    LinkFrameRoom room_;
};

class PacketSocket::Send : public SocketOp, public Awaits<Send> {
public:
    Send(PacketSocket& socket, Bytes frame, const PacketAddress* to)
        : SocketOp(socket, OpKind::send_messages, kWrites), frame_(frame, to) {}
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Result<void> finish();

private:
    LinkFrameToSend frame_;
};

inline PacketSocket::Receive PacketSocket::receive(MutableBytes into, WhenCut when_cut) {
    return {*this, into, when_cut};
}
inline PacketSocket::Send PacketSocket::send(Bytes frame) { return {*this, frame, nullptr}; }
inline PacketSocket::Send PacketSocket::send_to(Bytes frame, const PacketAddress& to) {
    return {*this, frame, &to};
}

}  // namespace fivetuple
