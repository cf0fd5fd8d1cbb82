#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/hardware_address.h"

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace fivetuple {

/// The numbers by which a frame says what it carries, as far as they are used here. IEEE 802
enum class EtherType : std::uint16_t {
    every = 0x0003,  ///< Of a socket only: all protocols, those that we send included.
    ipv4 = 0x0800,
    arp = 0x0806,
    vlan = 0x8100,
    ipv6 = 0x86dd,
    testing = 0x88b5,  ///< For experiments within one network.
};

/// Why a frame came to this machine. packet(7)
enum class PacketKind : std::uint8_t {
    to_us = 0,
    broadcast = 1,
    multicast = 2,
    to_other = 3,  ///< Heard because the interface listens to everything.
    outgoing = 4,  ///< Sent by this machine.
};

/// Where a frame comes from or goes to: an interface, what it carries, and a card. packet(7)
struct PacketAddress {
    unsigned interface = 0;               ///< The index; 0: every interface.
    EtherType protocol{};                 ///< Any number is allowed.
    PacketKind kind = PacketKind::to_us;  ///< Of what was received.
    std::uint16_t hardware_type = 0;      ///< ARPHRD_ETHER (1), ARPHRD_LOOPBACK (772) ...
    HardwareAddress hardware;             ///< Of 8 bytes at most.

    /// What a system call filled in. Errors: malformed, for what is no address of frames.
    static Result<PacketAddress> from_raw(const sockaddr* raw, socklen_t size);
    /// For a system call; `into` gets the address, and its size is the answer.
    socklen_t to_raw(sockaddr_storage& into) const;

    /// As in `eth0 02:00:5e:10:00:ff 0x0800 broadcast`.
    std::string to_string() const;
    bool operator==(const PacketAddress&) const = default;
};

}  // namespace fivetuple
