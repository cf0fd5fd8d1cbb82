#include "fivetuple/os/icmp.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/os/internet_checksum.h"
#include "fivetuple/os/ip_packet.h"

#include <algorithm>
#include <iterator>

namespace fivetuple {
namespace {

// The numbers of RFC 792 and RFC 4443.
constexpr std::uint8_t kEchoReply = 0;
constexpr std::uint8_t kUnreachable = 3;
constexpr std::uint8_t kTooBigCode = 4;
constexpr std::uint8_t kSourceQuench = 4;
constexpr std::uint8_t kRedirect = 5;
constexpr std::uint8_t kEchoRequest = 8;
constexpr std::uint8_t kTimeExceeded = 11;
constexpr std::uint8_t kParameterProblem = 12;
constexpr std::uint8_t kV6Unreachable = 1;
constexpr std::uint8_t kV6TooBig = 2;
constexpr std::uint8_t kV6TimeExceeded = 3;
constexpr std::uint8_t kV6ParameterProblem = 4;
constexpr std::uint8_t kV6EchoRequest = 128;
constexpr std::uint8_t kV6EchoReply = 129;

constexpr const char* kUnreachableWords[] = {
    "network unreachable",
    "host unreachable",
    "protocol unreachable",
    "port unreachable",
    "packet too big for the path",
    "source route failed",
    "network unknown",
    "host unknown",
    "source host isolated",
    "network prohibited",
    "host prohibited",
    "network unreachable for this type of service",
    "host unreachable for this type of service",
    "prohibited by a filter",
    "precedence violation",
    "precedence cut off",
};
constexpr const char* kV6UnreachableWords[] = {
    "no route",
    "prohibited by a filter",
    "beyond the scope of the source address",
    "address unreachable",
    "port unreachable",
    "source address refused by policy",
    "route refused",
};

template <std::size_t N>
const char* word_of(const char* const (&words)[N], std::uint8_t code) {
    return code < N ? words[code] : nullptr;
}

const char* v4_words(std::uint8_t type, std::uint8_t code) {
    switch (type) {
        case kEchoReply:
            return "echo reply";
        case kUnreachable:
            return word_of(kUnreachableWords, code);
        case kSourceQuench:
            return "source quench";
        case kRedirect:
            return "redirect";
        case kEchoRequest:
            return "echo request";
        case kTimeExceeded:
            return code == 0 ? "time to live exceeded" : "fragments were missing for too long";
        case kParameterProblem:
            return "parameter problem";
        default:
            return nullptr;
    }
}

const char* v6_words(std::uint8_t type, std::uint8_t code) {
    switch (type) {
        case kV6Unreachable:
            return word_of(kV6UnreachableWords, code);
        case kV6TooBig:
            return "packet too big for the path";
        case kV6TimeExceeded:
            return code == 0 ? "hop limit exceeded" : "fragments were missing for too long";
        case kV6ParameterProblem:
            return "parameter problem";
        case kV6EchoRequest:
            return "echo request";
        case kV6EchoReply:
            return "echo reply";
        default:
            return nullptr;
    }
}

std::uint16_t half_at(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[at]) << 8 |
                                      std::to_integer<unsigned>(bytes[at + 1]));
}

void put_half(MutableBytes into, std::size_t at, std::uint16_t value) {
    into[at] = static_cast<std::byte>(value >> 8);
    into[at + 1] = static_cast<std::byte>(value);
}

std::uint16_t v6_checksum(Bytes message, const IpAddress& from, const IpAddress& to) {
    InternetChecksum sum;
    sum.add_pseudo_header(from, to, static_cast<std::uint8_t>(IpProtocol::icmpv6),
                          static_cast<std::uint32_t>(message.size()));
    sum.add(message);
    return sum.value();
}

}  // namespace

Result<IcmpMessage> IcmpMessage::parse(Family family, Bytes bytes) {
    if (bytes.size() < kHeader) {
        return std::unexpected(Error::malformed(
            "ICMP",
            "a message has 8 bytes at least, and here are " + std::to_string(bytes.size())));
    }
    return IcmpMessage(family, bytes);
}

std::optional<IcmpEcho> IcmpMessage::echo() const {
    const bool v6 = family_ == Family::ipv6;
    const bool is_request = type() == (v6 ? kV6EchoRequest : kEchoRequest);
    const bool is_reply = type() == (v6 ? kV6EchoReply : kEchoReply);
    if ((!is_request && !is_reply) || code() != 0) return std::nullopt;
    return IcmpEcho{is_reply, half_at(bytes_, 4), half_at(bytes_, 6), body()};
}

bool IcmpMessage::is_failure() const {
    // ICMPv6 keeps the numbers below 128 for them.
    if (family_ == Family::ipv6) return type() < 128;
    return type() == kUnreachable || type() == kSourceQuench || type() == kTimeExceeded ||
           type() == kParameterProblem;
}

std::uint32_t IcmpMessage::path_mtu() const {
    if (family_ == Family::ipv6) {
        if (type() != kV6TooBig) return 0;
        return static_cast<std::uint32_t>(half_at(bytes_, 4)) << 16 | half_at(bytes_, 6);
    }
    return type() == kUnreachable && code() == kTooBigCode ? half_at(bytes_, 6) : 0;
}

bool IcmpMessage::has_right_checksum() const { return internet_checksum(bytes_) == 0; }

bool IcmpMessage::has_right_checksum(const IpAddress& from, const IpAddress& to) const {
    if (family_ != Family::ipv6) return has_right_checksum();
    return v6_checksum(bytes_, from, to) == 0;
}

std::string IcmpMessage::to_string() const { return icmp_words(family_, type(), code()); }

std::string icmp_words(Family family, std::uint8_t type, std::uint8_t code) {
    const char* words = family == Family::ipv6 ? v6_words(type, code) : v4_words(type, code);
    if (words != nullptr) return words;
    return "type " + std::to_string(type) + " code " + std::to_string(code);
}

Result<std::size_t> write_echo(Family family, const IcmpEcho& echo, MutableBytes into) {
    const std::size_t size = IcmpMessage::kHeader + echo.payload.size();
    if (into.size() < size) {
        return std::unexpected(Error::limit("ICMP", "the message takes " + std::to_string(size) +
                                                        " bytes, and there is room for " +
                                                        std::to_string(into.size())));
    }
    const bool v6 = family == Family::ipv6;
    const std::uint8_t request = v6 ? kV6EchoRequest : kEchoRequest;
    const std::uint8_t reply = v6 ? kV6EchoReply : kEchoReply;
    const MutableBytes message = into.first(size);
    message[0] = static_cast<std::byte>(echo.is_reply ? reply : request);
    message[1] = std::byte{0};
    put_half(message, 2, 0);
    put_half(message, 4, echo.identifier);
    put_half(message, 6, echo.sequence);
    std::ranges::copy(echo.payload, message.begin() + IcmpMessage::kHeader);
    if (!v6) put_half(message, 2, internet_checksum(message));
    return size;
}

void write_icmpv6_checksum(MutableBytes message, const IpAddress& from, const IpAddress& to) {
    FT_ASSERT(message.size() >= IcmpMessage::kHeader, "the message has its header");
    put_half(message, 2, 0);
    put_half(message, 2, v6_checksum(message, from, to));
}

}  // namespace fivetuple
