#include "fivetuple/os/ip_packet.h"

#include "fivetuple/os/internet_checksum.h"

#include <algorithm>
#include <string>

namespace fivetuple {
namespace {

constexpr std::size_t kLeastV4 = 20;
constexpr std::size_t kV6 = 40;

Error bad(const char* what, std::string_view why) { return Error::malformed(what, why); }

template <std::size_t N>
std::array<std::uint8_t, N> bytes_at(Bytes from, std::size_t at) {
    std::array<std::uint8_t, N> bytes{};
    std::ranges::copy(from.subspan(at, N), std::as_writable_bytes(std::span(bytes)).begin());
    return bytes;
}

std::size_t half_of(Bytes from, std::size_t at) {
    return std::to_integer<std::size_t>(from[at]) << 8 | std::to_integer<std::size_t>(from[at + 1]);
}

}  // namespace

Result<Ipv4Packet> Ipv4Packet::parse(Bytes bytes) {
    if (bytes.size() < kLeastV4) {
        return std::unexpected(
            bad("IPv4", "a header has 20 bytes, and here are " + std::to_string(bytes.size())));
    }
    const auto first = std::to_integer<unsigned>(bytes[0]);
    if (first >> 4 != 4) {
        return std::unexpected(bad("IPv4", "its version is " + std::to_string(first >> 4)));
    }
    const std::size_t header = std::size_t{first & 15} * 4;
    if (header < kLeastV4 || header > bytes.size()) {
        return std::unexpected(
            bad("IPv4", "its header says that it has " + std::to_string(header) + " bytes"));
    }
    // Segments that the kernel has joined to more than 64 KiB say 0.
    const std::size_t told = half_of(bytes, 2);
    const std::size_t total = told == 0 ? bytes.size() : told;
    if (total < header) {
        return std::unexpected(
            bad("IPv4", "it says that it ends inside its header, at " + std::to_string(total)));
    }
    return Ipv4Packet(bytes.first(std::min(total, bytes.size())), header, total);
}

IpAddress Ipv4Packet::from() const { return IpAddress(bytes_at<4>(bytes_, 12)); }
IpAddress Ipv4Packet::to() const { return IpAddress(bytes_at<4>(bytes_, 16)); }
bool Ipv4Packet::has_right_checksum() const { return internet_checksum(header()) == 0; }

Result<Ipv6Packet> Ipv6Packet::parse(Bytes bytes) {
    if (bytes.size() < kV6) {
        return std::unexpected(
            bad("IPv6", "a header has 40 bytes, and here are " + std::to_string(bytes.size())));
    }
    const auto version = std::to_integer<unsigned>(bytes[0]) >> 4;
    if (version != 6) {
        return std::unexpected(bad("IPv6", "its version is " + std::to_string(version)));
    }
    // A payload of 0 is one of more than 64 KiB, whose length stands elsewhere, or none.
    const std::size_t payload = half_of(bytes, 4);
    const std::size_t total = payload == 0 ? bytes.size() : kV6 + payload;
    return Ipv6Packet(bytes.first(std::min(total, bytes.size())), total);
}

IpAddress Ipv6Packet::address_at(std::size_t at) const {
    return IpAddress(bytes_at<16>(bytes_, at));
}

Result<std::array<std::byte, Ipv4Header::kSize>> Ipv4Header::write(std::size_t payload) const {
    if (payload > kMostPayload) {
        return std::unexpected(Error::limit(
            "IPv4", "a packet carries 65515 bytes at most, not " + std::to_string(payload)));
    }
    if (!from.is_v4() || !to.is_v4()) {
        return std::unexpected(bad("IPv4", "its addresses must be IPv4 addresses"));
    }
    std::array<std::byte, kSize> bytes{};
    const auto put = [&](std::size_t at, unsigned half) {
        bytes[at] = static_cast<std::byte>(half >> 8);
        bytes[at + 1] = static_cast<std::byte>(half);
    };
    put(0, 0x4500U | tos);
    put(2, static_cast<unsigned>(kSize + payload));
    put(4, identification);
    put(6, forbids_fragments ? 0x4000U : 0U);
    put(8, static_cast<unsigned>(ttl) << 8 | protocol);
    const auto from_bytes = from.v4_bytes();
    const auto to_bytes = to.v4_bytes();
    std::ranges::copy(std::as_bytes(std::span(from_bytes)), bytes.begin() + 12);
    std::ranges::copy(std::as_bytes(std::span(to_bytes)), bytes.begin() + 16);
    put(10, internet_checksum(bytes));
    return bytes;
}

}  // namespace fivetuple
