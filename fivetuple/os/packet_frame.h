#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/os/datagram.h"
#include "fivetuple/os/packet_address.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

struct msghdr;

namespace fivetuple {

/// A tag that a card or the kernel has taken out of a frame: it is in its bytes no more. IEEE
/// 802.1Q
struct VlanTag {
    std::uint16_t number = 0;   ///< 0 to 4095.
    std::uint8_t priority = 0;  ///< 0 to 7.
    EtherType protocol = EtherType::vlan;

    static VlanTag from_raw(std::uint16_t control, std::uint16_t protocol);
    bool operator==(const VlanTag&) const = default;
};

/// A frame that has come, or was seen going. Its bytes lie in the buffer that it was received into.
struct LinkFrame {
    Bytes bytes;              ///< With the link's header, but for cooked sockets.
    std::size_t size = 0;     ///< As it was on the wire: more than `bytes` where it did not fit.
    std::size_t network = 0;  ///< Where in `bytes` the network's header begins.
    PacketAddress from;
    std::optional<VlanTag> vlan;
    std::optional<WallTime> received_at;
    /// Its checksums are not there yet: it has not been on a wire, as all that loopback carries.
    bool lacks_checksum = false;

    bool is_truncated() const { return size > bytes.size(); }
    /// From the network's header on.
    Bytes network_bytes() const { return bytes.subspan(std::min(network, bytes.size())); }
};

/// What recvmsg(2) left in `header`, whose frame was `size` bytes long. Its bytes are those of the
/// header's one buffer. Errors: malformed, where the sender is no address of frames.
Result<LinkFrame> read_link_frame(const msghdr& header, std::size_t size);

}  // namespace fivetuple
