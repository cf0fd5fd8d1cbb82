#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/ip_address.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace fivetuple {

/// The numbers by which IP names what it carries, as far as they are used here. IANA
enum class IpProtocol : std::uint8_t {
    icmp = 1,
    tcp = 6,
    udp = 17,
    icmpv6 = 58,
    testing = 253,  ///< For experiments, as 254 is. RFC 3692
};

/// An IPv4 packet, read where it lies: no part that it hands out is outside of the bytes that it
/// was made from, whatever its lengths say. RFC 791
class Ipv4Packet {
public:
    /// Errors: malformed, for bytes that hold no IPv4 header, or whose lengths contradict each
    /// other. A packet that was cut is none: see is_truncated().
    static Result<Ipv4Packet> parse(Bytes bytes);

    IpAddress from() const;
    IpAddress to() const;
    std::uint8_t protocol() const { return byte_at(9); }
    std::uint8_t ttl() const { return byte_at(8); }
    std::uint8_t tos() const { return byte_at(1); }
    std::uint16_t identification() const { return half_at(4); }
    bool forbids_fragments() const { return (byte_at(6) & 0x40) != 0; }
    /// Whether it is a part of a packet, and where in that its payload begins, in bytes.
    bool is_fragment() const { return (half_at(6) & 0x3fff) != 0; }
    std::size_t fragment_offset() const { return std::size_t{half_at(6) & 0x1fffU} * 8; }
    /// The sum of the header's bytes is what it must be.
    bool has_right_checksum() const;

    /// Its length as the header tells it, header included.
    std::size_t total_size() const { return total_size_; }
    /// Whether there is less of it than the header tells.
    bool is_truncated() const { return total_size_ > bytes_.size(); }
    Bytes header() const { return bytes_.first(header_size_); }
    /// What stands in the header behind its 20 bytes.
    Bytes options() const { return header().subspan(20); }
    /// What is there of what it carries. Padding behind the packet is not in it.
    Bytes payload() const { return bytes_.subspan(header_size_); }

private:
    Ipv4Packet(Bytes bytes, std::size_t header_size, std::size_t total_size)
        : bytes_(bytes), header_size_(header_size), total_size_(total_size) {}
    std::uint8_t byte_at(std::size_t at) const { return std::to_integer<std::uint8_t>(bytes_[at]); }
    std::uint16_t half_at(std::size_t at) const {
        return static_cast<std::uint16_t>(byte_at(at) << 8 | byte_at(at + 1));
    }

    Bytes bytes_;
    std::size_t header_size_;
    std::size_t total_size_;
};

/// The same of an IPv6 packet. RFC 8200
class Ipv6Packet {
public:
    /// Errors: malformed, for bytes that hold no IPv6 header.
    static Result<Ipv6Packet> parse(Bytes bytes);

    IpAddress from() const { return address_at(8); }
    IpAddress to() const { return address_at(24); }
    /// What follows the header: a protocol, or a header of extension.
    std::uint8_t next_header() const { return std::to_integer<std::uint8_t>(bytes_[6]); }
    std::uint8_t hop_limit() const { return std::to_integer<std::uint8_t>(bytes_[7]); }

    std::size_t total_size() const { return total_size_; }
    bool is_truncated() const { return total_size_ > bytes_.size(); }
    /// What is there behind the header of 40 bytes.
    Bytes payload() const { return bytes_.subspan(40); }

private:
    Ipv6Packet(Bytes bytes, std::size_t total_size) : bytes_(bytes), total_size_(total_size) {}
    IpAddress address_at(std::size_t at) const;

    Bytes bytes_;
    std::size_t total_size_;
};

/// An IPv4 header to be sent by a socket that takes them (RawOptions::with_header), or in a frame.
struct Ipv4Header {
    IpAddress from;  ///< Unspecified: a raw socket fills it in.
    IpAddress to;
    std::uint8_t protocol = 0;
    std::uint8_t ttl = 64;
    std::uint8_t tos = 0;
    std::uint16_t identification = 0;  ///< 0: a raw socket fills it in.
    bool forbids_fragments = false;

    static constexpr std::size_t kSize = 20;
    static constexpr std::size_t kMostPayload = 65535 - kSize;
    /// The header of a packet with so many bytes of payload, its checksum included. Errors: limit,
    /// for a payload over kMostPayload; malformed, for addresses that are not IPv4.
    Result<std::array<std::byte, kSize>> write(std::size_t payload) const;
};

}  // namespace fivetuple
