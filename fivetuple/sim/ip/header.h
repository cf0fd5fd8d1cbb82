#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/internet_checksum.h"
#include "fivetuple/os/ip_address.h"
#include "fivetuple/os/ip_packet.h"
#include "fivetuple/sim/ip/packet.h"

#include <cstddef>
#include <cstdint>

namespace fivetuple::sim {

/// What the header of an IPv4 or IPv6 packet says, and where in the packet its payload is. An IPv6
/// fragment's own header counts as part of it. RFC 791, RFC 8200
struct IpHeader {
    IpAddress source;
    IpAddress destination;
    IpProtocol protocol = IpProtocol::udp;
    std::uint8_t hops = 64;             ///< TTL or hop limit.
    std::uint8_t traffic_class = 0;     ///< Type of service; its lowest two bits are ECN.
    bool may_fragment = false;          ///< By routers; only IPv4 has that.
    std::uint32_t identification = 0;   ///< What the fragments of one packet have in common.
    std::uint32_t fragment_offset = 0;  ///< In bytes; a multiple of 8.
    bool more_fragments = false;        ///< Behind this one.

    bool is_v4() const { return source.is_v4(); }
    bool is_fragment() const { return fragment_offset != 0 || more_fragments; }
    /// Bytes that the header takes when it is written; options are read over and never written.
    std::size_t written_size() const { return is_v4() ? 20 : is_fragment() ? 48 : 40; }
};

/// A packet that has been read: its header, and a view of what it carries.
struct IpView {
    IpHeader header;
    Bytes payload;
};

/// Reads a packet from the wire. Bytes behind the length that the header tells are ignored.
/// Errors: malformed: too short, another version, lengths that lie, a wrong header checksum, an
/// IPv6 extension header other than hop-by-hop, destination options and fragment.
Result<IpView> read_ip(Bytes packet);

/// A packet of `header` with room for `payload_size` bytes, which are behind payload_of() it.
/// Both addresses are of one kind; the whole has at most 65,535 bytes (and 40 with IPv6).
Packet make_ip(const IpHeader& header, std::size_t payload_size);
MutableBytes payload_of(Packet& packet, const IpHeader& header);
/// A packet of what is there already; only where its block has no room in front it is copied.
Packet make_ip(const IpHeader& header, PoolBytes payload);

/// Where a packet goes, of which it is known that it is one.
IpAddress destination_of(Bytes packet);

/// Takes a hop off a packet that is passed on, in place; false where none is left.
bool take_hop(Packet& packet);
/// Marks a packet as having met congestion, where its ends understand that. RFC 3168
bool mark_congestion(Packet& packet);

}  // namespace fivetuple::sim
