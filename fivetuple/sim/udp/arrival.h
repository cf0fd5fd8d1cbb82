#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/datagram.h"
#include "fivetuple/sim/ip/packet.h"

#include <cstddef>
#include <cstdint>

namespace fivetuple::sim::udp {

/// A datagram that has come and waits for the program.
struct Arrival {
    SocketAddress from;
    IpAddress to;
    std::uint8_t hops = 0;  ///< Left when it came.
    std::uint8_t traffic_class = 0;
    Time at{};
    Packet packet;
    std::size_t offset = 0;  ///< Of the payload, in the packet.
    std::size_t size = 0;    ///< Of the payload.

    Bytes payload() const { return packet.bytes().subspan(offset, size); }
};

/// What Linux counts against a receive buffer for a packet with so many bytes of payload: the
/// bytes, headers and bookkeeping, in blocks of its allocator.
std::size_t memory_of(std::size_t payload);

}  // namespace fivetuple::sim::udp
