#include "fivetuple/os/packet_block.h"

#include <linux/if_packet.h>

#include <algorithm>
#include <cstring>

namespace fivetuple {
namespace {

// The sender's address stands behind each frame's header.
constexpr std::size_t kAddressAt = TPACKET_ALIGN(sizeof(tpacket3_hdr));
constexpr std::size_t kHeaders = kAddressAt + sizeof(sockaddr_ll);

template <class T>
T read_at(Bytes from, std::size_t at) {
    T value;
    std::memcpy(&value, from.data() + at, sizeof value);
    return value;
}

}  // namespace

BlockReader::BlockReader(Bytes block) : block_(block) {
    if (block.size() < sizeof(tpacket_block_desc)) {
        fail("the block is shorter than its header");
        return;
    }
    const auto header = read_at<tpacket_block_desc>(block, 0).hdr.bh1;
    at_ = header.offset_to_first_pkt;
    left_ = frames_ = header.num_pkts;
    is_losing_ = (header.block_status & TP_STATUS_LOSING) != 0;
}

bool BlockReader::fail(const char* fault) {
    fault_ = fault;
    left_ = 0;
    return false;
}

bool BlockReader::next(LinkFrame& frame) {
    if (left_ == 0) return false;
    if (at_ > block_.size() || block_.size() - at_ < kHeaders) {
        return fail("a frame begins outside of the block");
    }
    const auto header = read_at<tpacket3_hdr>(block_, at_);
    const std::size_t there = block_.size() - at_;
    if (header.tp_mac > there || header.tp_snaplen > there - header.tp_mac) {
        return fail("a frame ends outside of the block");
    }
    const auto from = read_at<sockaddr_ll>(block_, at_ + kAddressAt);
    const auto address =
        PacketAddress::from_raw(reinterpret_cast<const sockaddr*>(&from), sizeof from);
    if (!address) return fail("a frame's sender is no address of frames");
    frame = LinkFrame();
    frame.bytes = block_.subspan(at_ + header.tp_mac, header.tp_snaplen);
    frame.size = std::max(header.tp_len, header.tp_snaplen);
    frame.network = header.tp_net >= header.tp_mac ? header.tp_net - header.tp_mac : 0U;
    frame.from = *address;
    frame.received_at =
        WallTime(std::chrono::seconds(header.tp_sec) + std::chrono::nanoseconds(header.tp_nsec));
    frame.lacks_checksum = (header.tp_status & TP_STATUS_CSUMNOTREADY) != 0;
    if ((header.tp_status & TP_STATUS_VLAN_VALID) != 0) {
        const bool told = (header.tp_status & TP_STATUS_VLAN_TPID_VALID) != 0;
        frame.vlan =
            VlanTag::from_raw(static_cast<std::uint16_t>(header.hv1.tp_vlan_tci),
                              told ? header.hv1.tp_vlan_tpid : static_cast<std::uint16_t>(0x8100));
    }
    // Frames follow each other: an offset that leads nowhere would read one again and again.
    left_--;
    if (left_ > 0 && header.tp_next_offset < kHeaders) return fail("a frame has no next one");
    at_ += std::min<std::size_t>(header.tp_next_offset, there);
    return true;
}

}  // namespace fivetuple
