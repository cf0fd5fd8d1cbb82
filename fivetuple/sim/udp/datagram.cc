#include "fivetuple/sim/udp/datagram.h"

#include "fivetuple/base/assert.h"

#include <cstring>

namespace fivetuple::sim {

std::optional<UdpView> read_udp(const IpView& packet) {
    const Bytes bytes = packet.payload;
    if (packet.header.protocol != IpProtocol::udp || bytes.size() < kUdpHeaderSize) {
        return std::nullopt;
    }
    const std::size_t size = take_integer<std::uint16_t>(bytes.subspan(4));
    if (size < kUdpHeaderSize || size > bytes.size()) return std::nullopt;
    const Bytes datagram = bytes.first(size);
    const auto checksum = take_integer<std::uint16_t>(bytes.subspan(6));
    // No checksum is allowed with IPv4 only. RFC 8200 8.1
    if (checksum == 0 && !packet.header.is_v4()) return std::nullopt;
    if (checksum != 0) {
        InternetChecksum sum;
        sum.add_pseudo_header(packet.header.source, packet.header.destination,
                              static_cast<std::uint8_t>(IpProtocol::udp),
                              static_cast<std::uint32_t>(size));
        sum.add(datagram);
        if (sum.value() != 0) return std::nullopt;
    }
    return UdpView{take_integer<std::uint16_t>(bytes),
                   take_integer<std::uint16_t>(bytes.subspan(2)), datagram.subspan(kUdpHeaderSize)};
}

Packet make_udp(const IpHeader& header, std::uint16_t source_port, std::uint16_t destination_port,
                Bytes payload) {
    const std::size_t size = kUdpHeaderSize + payload.size();
    FT_ASSERT(header.protocol == IpProtocol::udp && size <= 65535, "no datagram of UDP");
    Packet packet = make_ip(header, size);
    MutableBytes datagram = payload_of(packet, header);
    put_integer(datagram, source_port);
    put_integer(datagram.subspan(2), destination_port);
    put_integer(datagram.subspan(4), static_cast<std::uint16_t>(size));
    put_integer(datagram.subspan(6), std::uint16_t{0});
    if (!payload.empty()) {
        std::memcpy(datagram.data() + kUdpHeaderSize, payload.data(), payload.size());
    }
    InternetChecksum sum;
    sum.add_pseudo_header(header.source, header.destination,
                          static_cast<std::uint8_t>(IpProtocol::udp),
                          static_cast<std::uint32_t>(size));
    sum.add(datagram);
    // A sum of 0 is sent as its other form: 0 says that there is none.
    put_integer(datagram.subspan(6), sum.value() == 0 ? std::uint16_t{0xffff} : sum.value());
    return packet;
}

}  // namespace fivetuple::sim
