#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/hardware_address.h"
#include "fivetuple/os/ip_address.h"
#include "fivetuple/os/netlink/message.h"
#include "fivetuple/os/netlink/request.h"

#include <cstdint>
#include <optional>
#include <string>

namespace fivetuple::netlink {

/// What is known of a neighbour's hardware address. RFC 4861 7.3.2; arp(7)
enum class NeighborState : std::uint16_t {
    none = 0,
    incomplete = 0x01,  ///< It is being asked for.
    reachable = 0x02,
    stale = 0x04,  ///< It was right; it is made sure when it is used.
    delay = 0x08,
    probe = 0x10,
    failed = 0x20,  ///< It was asked for, and nobody answered.
    no_arp = 0x40,
    permanent = 0x80,
};
std::string to_string(NeighborState state);

/// A machine on the same link: the row of the table that ARP and neighbour discovery fill.
/// rtnetlink(7), RTM_GETNEIGH
struct Neighbor {
    IpAddress address{};
    unsigned interface = 0;
    HardwareAddress hardware{};  ///< Empty while it is not known.
    NeighborState state = NeighborState::permanent;
    std::uint8_t flags = 0;  ///< NTF_*

    /// As ip(8) has it: `10.0.0.2 dev v0 lladdr 02:00:00:00:00:02 REACHABLE`
    std::string to_string() const;

    static Request list();
    /// Nothing, where the message is about something else. Errors: malformed.
    static Result<std::optional<Neighbor>> read(const Message& message);
};

/// Errors of asking them: EEXIST, ENODEV, EPERM (CAP_NET_ADMIN is missing).
Request add(const Neighbor& neighbor);
Request replace(const Neighbor& neighbor);
/// Errors of asking it: ENOENT, EPERM.
Request remove(const Neighbor& neighbor);

}  // namespace fivetuple::netlink
