#pragma once

#include "fivetuple/os/packet_ring.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/loop_socket.h"

namespace fivetuple {

/// Receives frames, many at a time and without copying them, from memory that the kernel writes
/// them into. For captures; PacketSocket is for single frames. Needs CAP_NET_RAW.
/// networking/packet_mmap, TPACKET_V3
///
///     FT_CO_TRY(const PacketBlock block, co_await capture.next());
///     LinkFrame frame;
///     for (auto frames = block.frames(); frames.next(frame);) ...
class PacketCapture : public LoopSocket {
public:
    PacketCapture() = default;
    /// Errors: as open_packet_ring(); limit, where the backend cannot watch so high a descriptor.
    static Result<PacketCapture> open(Loop& loop, const PacketOptions& options = {},
                                      const RingOptions& ring = {});

    /// Waits for a block of frames, which is lent until it ends. Several may be had at a time, but
    /// the kernel drops frames when it has none left. Give a block back before waiting for the next
    /// where that is possible: then no timer is needed to wait by.
    /// Errors: limit, where all blocks are lent; ENETDOWN, once, where the interface has gone down;
    /// cancelled, deadline.
    Task<Result<PacketBlock>> next();

    /// What was received and dropped since this was last asked.
    Result<PacketStatistics> take_statistics() {
        return take_packet_statistics(OptionAccess(*this));
    }

    /// Closes now; blocks that are lent stay good.
    using LoopSocket::close;

private:
    class Wait;
    PacketCapture(Loop& loop, Handle socket, PacketRing ring)
        : LoopSocket(loop, socket), ring_(std::move(ring)) {}
    Result<void> take_failure();

    PacketRing ring_;
};

}  // namespace fivetuple
