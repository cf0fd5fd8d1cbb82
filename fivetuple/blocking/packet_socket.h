#pragma once

#include "fivetuple/blocking/owned_socket.h"
#include "fivetuple/os/packet_message.h"
#include "fivetuple/os/packet_socket.h"

namespace fivetuple::blocking {

/// Sends and receives frames of a network interface: below IP, and beside all other sockets, which
/// get theirs as before. Needs CAP_NET_RAW. packet(7)
class PacketSocket : public OwnedSocket {
public:
    PacketSocket() = default;
    explicit PacketSocket(Socket socket) : OwnedSocket(std::move(socket)) {}
    /// Errors: as open_packet_socket().
    static Result<PacketSocket> open(const PacketOptions& options = {});

    /// Waits for a frame, whose bytes are the front of `into`.
    /// Errors: EMSGSIZE where it did not fit; ENETDOWN, once, where the interface has gone down;
    /// deadline. recvmsg(2)
    Result<LinkFrame> receive(MutableBytes into, WhenCut when_cut, Time deadline = kNever);
    Result<LinkFrame> receive(MutableBytes into, Time deadline = kNever) {
        return receive(into, WhenCut::fail, deadline);
    }

    /// Sends a frame by the interface that the socket is bound to. It begins with the link's
    /// header, unless the socket is cooked; then use send_to().
    /// Errors: EMSGSIZE over the MTU, ENXIO where no interface is named, ENETDOWN, ENOBUFS; EINVAL
    /// for one without a whole header; deadline. sendmsg(2)
    Result<void> send(Bytes frame, Time deadline = kNever) {
        return send(frame, nullptr, deadline);
    }
    /// The same by another interface, or (cooked) to a card. Errors: as send().
    Result<void> send_to(Bytes frame, const PacketAddress& to, Time deadline = kNever) {
        return send(frame, &to, deadline);
    }

    /// What was received and dropped since this was last asked.
    Result<PacketStatistics> take_statistics() {
        return take_packet_statistics(OptionAccess(*this));
    }

private:
    Result<void> send(Bytes frame, const PacketAddress* to, Time deadline);
};

}  // namespace fivetuple::blocking
