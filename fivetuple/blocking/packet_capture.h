#pragma once

#include "fivetuple/blocking/owned_socket.h"
#include "fivetuple/os/packet_ring.h"

namespace fivetuple::blocking {

/// Receives frames, many at a time and without copying them, from memory that the kernel writes
/// them into. For captures; PacketSocket is for single frames. Needs CAP_NET_RAW.
/// networking/packet_mmap, TPACKET_V3
class PacketCapture : public OwnedSocket {
public:
    PacketCapture() = default;
    /// Errors: as open_packet_ring().
    static Result<PacketCapture> open(const PacketOptions& options = {},
                                      const RingOptions& ring = {});

    /// Waits for a block of frames, which is lent until it ends. Several may be had at a time, but
    /// the kernel drops frames when it has none left. Give a block back before waiting for the next
    /// where that is possible: then no timer is needed to wait by.
    /// Errors: limit, where all blocks are lent; ENETDOWN, once, where the interface has gone down;
    /// deadline.
    Result<PacketBlock> next(Time deadline = kNever);

    /// What was received and dropped since this was last asked.
    Result<PacketStatistics> take_statistics() {
        return take_packet_statistics(OptionAccess(*this));
    }

private:
    PacketCapture(Socket socket, PacketRing ring)
        : OwnedSocket(std::move(socket)), ring_(std::move(ring)) {}
    Result<void> wait(Time deadline);

    PacketRing ring_;
};

}  // namespace fivetuple::blocking
