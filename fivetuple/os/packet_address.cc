#include "fivetuple/os/packet_address.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstring>

namespace fivetuple {
namespace {

constexpr const char* kKinds[] = {"to us", "broadcast", "multicast", "to another", "outgoing"};

}  // namespace

HardwareAddress::HardwareAddress(std::span<const std::uint8_t> bytes)
    : size_(static_cast<std::uint8_t>(std::min(bytes.size(), kMost))) {
    std::copy_n(bytes.begin(), size_, bytes_.begin());
}

HardwareAddress HardwareAddress::broadcast() {
    constexpr std::uint8_t kAll[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    return HardwareAddress(kAll);
}

Result<HardwareAddress> HardwareAddress::parse(std::string_view text) {
    const auto bad = [&](const char* why) {
        return std::unexpected(
            Error::malformed("address", why).about("\"" + std::string(text) + "\""));
    };
    HardwareAddress address;
    for (std::string_view left = text;;) {
        const std::size_t digits = std::min(left.find(':'), left.size());
        const std::string_view part = left.substr(0, digits);
        unsigned byte = 0;
        const auto [end, failure] =
            std::from_chars(part.data(), part.data() + part.size(), byte, 16);
        if (part.size() != 2 || failure != std::errc() || end != part.data() + part.size()) {
            return bad("a hardware address is pairs of hex digits with colons in between");
        }
        if (address.size_ == kMost) return bad("a hardware address has 8 bytes at most");
        address.bytes_[address.size_++] = static_cast<std::uint8_t>(byte);
        if (digits == left.size()) return address;
        left.remove_prefix(digits + 1);
    }
}

std::string HardwareAddress::to_string() const {
    if (empty()) return "none";
    std::string text;
    for (const std::uint8_t byte : bytes()) {
        char digits[4];
        std::snprintf(digits, sizeof digits, "%02x", byte);
        text += (text.empty() ? "" : ":") + std::string(digits);
    }
    return text;
}

Result<PacketAddress> PacketAddress::from_raw(const sockaddr* raw, socklen_t size) {
    constexpr std::size_t kLeast = offsetof(sockaddr_ll, sll_addr);
    sockaddr_ll from{};
    if (size < kLeast || raw->sa_family != AF_PACKET) {
        return std::unexpected(Error::malformed("address", "it is no address of frames"));
    }
    std::memcpy(&from, raw, std::min<std::size_t>(size, sizeof from));
    PacketAddress address;
    address.interface = from.sll_ifindex;
    address.protocol = static_cast<EtherType>(ntohs(from.sll_protocol));
    address.kind = static_cast<PacketKind>(from.sll_pkttype);
    address.hardware_type = from.sll_hatype;
    const std::size_t there = std::min<std::size_t>(size - kLeast, sizeof from.sll_addr);
    address.hardware = HardwareAddress(
        std::span(from.sll_addr).first(std::min<std::size_t>(from.sll_halen, there)));
    return address;
}

socklen_t PacketAddress::to_raw(sockaddr_storage& into) const {
    sockaddr_ll raw{};
    raw.sll_family = AF_PACKET;
    raw.sll_ifindex = interface;
    raw.sll_protocol = htons(static_cast<std::uint16_t>(protocol));
    raw.sll_hatype = hardware_type;
    raw.sll_pkttype = static_cast<std::uint8_t>(kind);
    raw.sll_halen = static_cast<std::uint8_t>(hardware.bytes().size());
    std::ranges::copy(hardware.bytes(), raw.sll_addr);
    std::memcpy(&into, &raw, sizeof raw);
    return sizeof raw;
}

std::string PacketAddress::to_string() const {
    char number[8];
    std::snprintf(number, sizeof number, "0x%04x", static_cast<unsigned>(protocol));
    std::string text = interface == 0 ? "every interface" : interface_name(interface);
    if (!hardware.empty()) text += " " + hardware.to_string();
    text += " " + std::string(number);
    const auto at = static_cast<std::size_t>(kind);
    return text + " " + (at < std::size(kKinds) ? kKinds[at] : "of another kind");
}

Result<int> interface_index(const std::string& name) {
    const unsigned index = name.find('\0') == name.npos ? ::if_nametoindex(name.c_str()) : 0;
    if (index != 0) return static_cast<int>(index);
    return std::unexpected(Error::system(ENODEV, "interface").about(name));
}

std::string interface_name(int index) {
    char name[IF_NAMESIZE];
    if (index > 0 && ::if_indextoname(static_cast<unsigned>(index), name) != nullptr) return name;
    return std::to_string(index);
}

}  // namespace fivetuple
