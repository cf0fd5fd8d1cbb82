#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace fivetuple {

/// A question whether somebody is there, or the answer to one. RFC 792, RFC 4443 4
struct IcmpEcho {
    bool is_reply = false;
    std::uint16_t identifier = 0;  ///< Of the program that asks.
    std::uint16_t sequence = 0;
    Bytes payload;  ///< An answer carries what the question did.
};

/// A message of ICMP, or of ICMPv6, read where it lies: no part that it hands out is outside of the
/// bytes that it was made from. RFC 792, RFC 4443
class IcmpMessage {
public:
    static constexpr std::size_t kHeader = 8;

    /// `family` tells which of the two it is. Errors: malformed, for less than 8 bytes.
    static Result<IcmpMessage> parse(Family family, Bytes bytes);

    std::uint8_t type() const { return std::to_integer<std::uint8_t>(bytes_[0]); }
    std::uint8_t code() const { return std::to_integer<std::uint8_t>(bytes_[1]); }
    /// What stands behind the header.
    Bytes body() const { return bytes_.subspan(kHeader); }

    /// Nothing, where it is neither question nor answer.
    std::optional<IcmpEcho> echo() const;
    /// Whether it says that a packet could not be delivered, and the front of that packet.
    bool is_failure() const;
    Bytes failed_packet() const { return is_failure() ? body() : Bytes(); }
    /// Of a failure `packet too big`: the bytes that the path takes; 0, where it is another or does
    /// not say.
    std::uint32_t path_mtu() const;

    /// Whether its sum is right; that of ICMPv6 counts the addresses of its packet, too.
    bool has_right_checksum() const;
    bool has_right_checksum(const IpAddress& from, const IpAddress& to) const;

    /// `time to live exceeded`, `host unreachable`, `type 99 code 3`
    std::string to_string() const;

private:
    IcmpMessage(Family family, Bytes bytes) : bytes_(bytes), family_(family) {}

    Bytes bytes_;
    Family family_;
};

/// The same words for numbers that came in another way: DatagramFailure's.
std::string icmp_words(Family family, std::uint8_t type, std::uint8_t code);

/// Writes an echo message into `into`: its size, kHeader more than its payload. ICMP's has its
/// checksum; the kernel puts in that of ICMPv6, which counts the packet's addresses. Errors: limit,
/// where `into` is too small.
Result<std::size_t> write_echo(Family family, const IcmpEcho& echo, MutableBytes into);

/// Puts the checksum of an ICMPv6 message where it belongs: for those that make whole packets.
/// `message` must have its header.
void write_icmpv6_checksum(MutableBytes message, const IpAddress& from, const IpAddress& to);

}  // namespace fivetuple
