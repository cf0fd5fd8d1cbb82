#include "fivetuple/sim/ip/icmp.h"

#include "fivetuple/base/assert.h"

#include <algorithm>
#include <cstring>

namespace fivetuple::sim {
namespace {

// How a reason is written in each of the two protocols.
struct Code {
    IcmpReason reason;
    std::uint8_t type;
    std::uint8_t code;
};
constexpr Code kV4Codes[] = {
    {IcmpReason::no_route, 3, 0},     {IcmpReason::no_host, 3, 1},
    {IcmpReason::no_protocol, 3, 2},  {IcmpReason::no_port, 3, 3},
    {IcmpReason::too_big, 3, 4},      {IcmpReason::prohibited, 3, 13},
    {IcmpReason::out_of_hops, 11, 0}, {IcmpReason::out_of_time, 11, 1},
};
constexpr Code kV6Codes[] = {
    {IcmpReason::no_route, 1, 0},    {IcmpReason::no_host, 1, 3},
    {IcmpReason::no_port, 1, 4},     {IcmpReason::prohibited, 1, 1},
    {IcmpReason::too_big, 2, 0},     {IcmpReason::out_of_hops, 3, 0},
    {IcmpReason::out_of_time, 3, 1}, {IcmpReason::no_protocol, 4, 1},
};
constexpr std::size_t kHeaderSize = 8;
constexpr std::uint8_t kV4EchoReply = 0;
constexpr std::uint8_t kV4EchoRequest = 8;
constexpr std::uint8_t kV6EchoRequest = 128;
constexpr std::uint8_t kV6EchoReply = 129;

std::span<const Code> codes(bool is_v4) {
    return is_v4 ? std::span<const Code>(kV4Codes) : std::span<const Code>(kV6Codes);
}

bool is_icmp(const IpHeader& header) {
    return header.protocol == (header.is_v4() ? IpProtocol::icmp : IpProtocol::icmpv6);
}

bool is_error_type(bool is_v4, std::uint8_t type) {
    if (!is_v4) return type < 128;
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

std::uint16_t checksum_for(const IpHeader& header, Bytes message) {
    if (header.is_v4()) return internet_checksum(message);
    InternetChecksum sum;
    sum.add_pseudo_header(header.source, header.destination,
                          static_cast<std::uint8_t>(IpProtocol::icmpv6),
                          static_cast<std::uint32_t>(message.size()));
    sum.add(message);
    return sum.value();
}

// Of the packet that an error quotes there is rarely all, so its lengths say more than there is.
std::optional<IpView> read_quoted(Bytes quoted) {
    if (quoted.empty()) return std::nullopt;
    Packet padded = Packet::copy_of(quoted);
    const bool v4 = static_cast<std::uint8_t>(quoted[0]) >> 4 == 4;
    const std::size_t least = v4 ? 20 : 40;
    if (quoted.size() < least) return std::nullopt;
    // Only its header is believed: its length is made to fit what is there.
    MutableBytes bytes = padded.bytes();
    if (v4) {
        const std::size_t header_size =
            (static_cast<std::uint8_t>(bytes[0]) & 0xfu) * std::size_t{4};
        if (header_size < least || header_size > bytes.size()) return std::nullopt;
        put_integer(bytes.subspan(2), static_cast<std::uint16_t>(bytes.size()));
        put_integer(bytes.subspan(10), std::uint16_t{0});
        put_integer(bytes.subspan(10), internet_checksum(bytes.first(header_size)));
    } else {
        put_integer(bytes.subspan(4), static_cast<std::uint16_t>(bytes.size() - least));
    }
    auto view = read_ip(padded.bytes());
    if (!view) return std::nullopt;
    view->payload = quoted.last(view->payload.size());
    return *view;
}

}  // namespace

std::optional<IcmpError> read_icmp_error(const IpView& packet) {
    const bool v4 = packet.header.is_v4();
    const Bytes message = packet.payload;
    if (!is_icmp(packet.header) || message.size() < kHeaderSize) return std::nullopt;
    if (checksum_for(packet.header, message) != 0) return std::nullopt;
    IcmpError error;
    error.type = static_cast<std::uint8_t>(message[0]);
    error.code = static_cast<std::uint8_t>(message[1]);
    if (!is_error_type(v4, error.type)) return std::nullopt;
    const auto quoted = read_quoted(message.subspan(kHeaderSize));
    if (!quoted || quoted->payload.size() < 8) return std::nullopt;

    for (const Code& code : codes(v4)) {
        if (code.type == error.type && code.code == error.code) error.reason = code.reason;
    }
    if (error.reason == IcmpReason::too_big) {
        error.mtu = v4 ? take_integer<std::uint16_t>(message.subspan(6))
                       : take_integer<std::uint32_t>(message.subspan(4));
    }
    error.told_by = packet.header.source;
    error.about = quoted->header;
    error.about_payload = quoted->payload;
    return error;
}

bool deserves_icmp_error(const IpView& packet) {
    const IpHeader& header = packet.header;
    if (header.fragment_offset != 0) return false;
    if (header.source.is_unspecified() || header.source.is_multicast()) return false;
    if (header.destination.is_multicast()) return false;
    const IpAddress broadcast(IpAddress::V4Bytes{255, 255, 255, 255});
    if (header.destination == broadcast) return false;
    if (!is_icmp(header)) return true;
    return !packet.payload.empty() &&
           !is_error_type(header.is_v4(), static_cast<std::uint8_t>(packet.payload[0]));
}

Packet make_icmp_error(IcmpReason reason, std::uint32_t mtu, const IpAddress& told_by,
                       Bytes packet) {
    const bool v4 = told_by.is_v4();
    const auto view = read_ip(packet);
    FT_ASSERT(view.has_value(), "an error is about a packet");
    const std::size_t quoted = std::min<std::size_t>(packet.size(), v4 ? 548 : 1232);
    const IpHeader header{.source = told_by,
                          .destination = view->header.source,
                          .protocol = v4 ? IpProtocol::icmp : IpProtocol::icmpv6,
                          .traffic_class = std::uint8_t{0xc0}};  // As Linux: internetwork control.
    Packet error = make_ip(header, kHeaderSize + quoted);
    MutableBytes message = payload_of(error, header);
    std::ranges::fill(message.first(kHeaderSize), std::byte{0});
    for (const Code& code : codes(v4)) {
        if (code.reason != reason) continue;
        message[0] = std::byte{code.type};
        message[1] = std::byte{code.code};
    }
    if (v4) {
        put_integer(message.subspan(6), static_cast<std::uint16_t>(std::min(mtu, 65535u)));
    } else {
        put_integer(message.subspan(4), mtu);
    }
    std::memcpy(message.data() + kHeaderSize, packet.data(), quoted);
    put_integer(message.subspan(2), checksum_for(header, message));
    return error;
}

std::optional<Packet> answer_echo(const IpView& packet) {
    const bool v4 = packet.header.is_v4();
    const Bytes request = packet.payload;
    if (!is_icmp(packet.header) || request.size() < kHeaderSize) return std::nullopt;
    const auto type = static_cast<std::uint8_t>(request[0]);
    if (type != (v4 ? kV4EchoRequest : kV6EchoRequest)) return std::nullopt;
    if (packet.header.destination.is_multicast()) return std::nullopt;
    if (checksum_for(packet.header, request) != 0) return std::nullopt;
    const IpHeader header{.source = packet.header.destination,
                          .destination = packet.header.source,
                          .protocol = packet.header.protocol,
                          .traffic_class = packet.header.traffic_class};
    Packet reply = make_ip(header, request.size());
    MutableBytes message = payload_of(reply, header);
    std::memcpy(message.data(), request.data(), request.size());
    message[0] = std::byte{v4 ? kV4EchoReply : kV6EchoReply};
    put_integer(message.subspan(2), std::uint16_t{0});
    put_integer(message.subspan(2), checksum_for(header, message));
    return reply;
}

}  // namespace fivetuple::sim
