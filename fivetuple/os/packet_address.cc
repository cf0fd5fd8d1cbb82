#include "fivetuple/os/packet_address.h"

#include "fivetuple/os/netlink/link.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>

namespace fivetuple {
namespace {

constexpr const char* kKinds[] = {"to us", "broadcast", "multicast", "to another", "outgoing"};

}  // namespace

Result<PacketAddress> PacketAddress::from_raw(const sockaddr* raw, socklen_t size) {
    constexpr std::size_t kLeast = offsetof(sockaddr_ll, sll_addr);
    sockaddr_ll from{};
    if (size < kLeast || raw->sa_family != AF_PACKET) {
        return std::unexpected(Error::malformed("address", "it is no address of frames"));
    }
    std::memcpy(&from, raw, std::min<std::size_t>(size, sizeof from));
    PacketAddress address;
    address.interface = static_cast<unsigned>(from.sll_ifindex);
    address.protocol = static_cast<EtherType>(ntohs(from.sll_protocol));
    address.kind = static_cast<PacketKind>(from.sll_pkttype);
    address.hardware_type = from.sll_hatype;
    const std::size_t there = std::min<std::size_t>(size - kLeast, sizeof from.sll_addr);
    const Bytes hardware = std::as_bytes(std::span(from.sll_addr));
    FT_TRY(address.hardware, HardwareAddress::from_bytes(
                                 hardware.first(std::min<std::size_t>(from.sll_halen, there))));
    return address;
}

socklen_t PacketAddress::to_raw(sockaddr_storage& into) const {
    sockaddr_ll raw{};
    raw.sll_family = AF_PACKET;
    raw.sll_ifindex = static_cast<int>(interface);
    raw.sll_protocol = htons(static_cast<std::uint16_t>(protocol));
    raw.sll_hatype = hardware_type;
    raw.sll_pkttype = static_cast<std::uint8_t>(kind);
    const Bytes bytes =
        hardware.bytes().first(std::min(hardware.bytes().size(), sizeof raw.sll_addr));
    raw.sll_halen = static_cast<std::uint8_t>(bytes.size());
    std::ranges::copy(bytes, std::as_writable_bytes(std::span(raw.sll_addr)).begin());
    std::memcpy(&into, &raw, sizeof raw);
    return sizeof raw;
}

std::string PacketAddress::to_string() const {
    char number[8];
    std::snprintf(number, sizeof number, "0x%04x", static_cast<unsigned>(protocol));
    std::string text = interface == 0 ? "every interface" : netlink::interface_name(interface);
    if (!hardware.empty()) text += " " + hardware.to_string();
    text += " " + std::string(number);
    const auto at = static_cast<std::size_t>(kind);
    return text + " " + (at < std::size(kKinds) ? kKinds[at] : "of another kind");
}

}  // namespace fivetuple
