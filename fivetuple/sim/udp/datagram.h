#pragma once

#include "fivetuple/sim/ip/header.h"

#include <cstdint>
#include <optional>

namespace fivetuple::sim {

/// A UDP datagram as it lies in a packet. RFC 768
struct UdpView {
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    Bytes payload;
};

inline constexpr std::size_t kUdpHeaderSize = 8;

/// Reads a datagram; nothing where it is cut short, its length lies or its checksum is wrong.
std::optional<UdpView> read_udp(const IpView& packet);

/// A packet of `header` that carries a datagram of `payload`, which is copied and has at most
/// 65,507 bytes with IPv4, 65,527 with IPv6.
Packet make_udp(const IpHeader& header, std::uint16_t source_port, std::uint16_t destination_port,
                Bytes payload);

}  // namespace fivetuple::sim
