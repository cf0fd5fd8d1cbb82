#include "fivetuple/os/packet_frame.h"

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>

namespace fivetuple {
namespace {

void read_auxiliary(const tpacket_auxdata& told, std::size_t size, LinkFrame& frame) {
    frame.size = std::max<std::size_t>(size, told.tp_len);
    frame.network = told.tp_net >= told.tp_mac ? told.tp_net - told.tp_mac : 0U;
    frame.lacks_checksum = (told.tp_status & TP_STATUS_CSUMNOTREADY) != 0;
    if ((told.tp_status & TP_STATUS_VLAN_VALID) == 0) return;
    const bool has_protocol = (told.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
    frame.vlan = VlanTag::from_raw(told.tp_vlan_tci, has_protocol ? told.tp_vlan_tpid : 0x8100U);
}

}  // namespace

VlanTag VlanTag::from_raw(std::uint16_t control, std::uint16_t protocol) {
    return {static_cast<std::uint16_t>(control & 0xfff), static_cast<std::uint8_t>(control >> 13),
            static_cast<EtherType>(protocol)};
}

Result<LinkFrame> read_link_frame(const msghdr& header, std::size_t size) {
    FT_TRY(
        PacketAddress from,
        PacketAddress::from_raw(static_cast<const sockaddr*>(header.msg_name), header.msg_namelen));
    LinkFrame frame;
    const iovec& room = header.msg_iov[0];
    frame.bytes = {static_cast<const std::byte*>(room.iov_base), std::min(size, room.iov_len)};
    frame.size = size;
    frame.from = from;
    ControlReader control({static_cast<const std::byte*>(header.msg_control),
                           static_cast<std::size_t>(header.msg_controllen)});
    ControlMessage message;
    DatagramDetails details;
    while (control.next(message)) {
        tpacket_auxdata told{};
        if (message.level == SOL_PACKET && message.type == PACKET_AUXDATA && message.read(told)) {
            read_auxiliary(told, size, frame);
        } else {
            details.read(message);
        }
    }
    frame.received_at = details.received_at;
    return frame;
}

}  // namespace fivetuple
