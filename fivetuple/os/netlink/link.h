#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/hardware_address.h"
#include "fivetuple/os/netlink/message.h"
#include "fivetuple/os/netlink/request.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fivetuple::netlink {

/// What a link can do now, as its driver says. RFC 2863
enum class LinkState : std::uint8_t {
    unknown,
    not_present,
    down,
    lower_layer_down,
    testing,
    dormant,
    up,
};
std::string_view to_string(LinkState state);

/// What went through a link since it was made.
struct LinkStatistics {
    std::uint64_t packets_received = 0;
    std::uint64_t packets_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t errors_received = 0;
    std::uint64_t errors_sent = 0;
    std::uint64_t dropped_received = 0;
    std::uint64_t dropped_sent = 0;
};

/// A network interface. rtnetlink(7), RTM_GETLINK
struct Link {
    unsigned index = 0;  ///< Its number, never 0 for one that there is.
    std::string name{};
    std::string kind{};          ///< `veth`, `bridge`, `vlan` ...; empty for a device.
    std::uint16_t hardware = 0;  ///< 1 for Ethernet, 772 for loopback: ARPHRD_*.
    std::uint32_t flags = 0;     ///< IFF_*, as netdevice(7) lists them.
    std::uint32_t mtu = 0;       ///< Bytes of a packet.
    LinkState state = LinkState::unknown;
    HardwareAddress address{};
    HardwareAddress broadcast{};
    unsigned lower = 0;   ///< The link below it, or a veth's other end, maybe of
                          ///< another network.
    unsigned master = 0;  ///< The bridge or bond that it is part of; 0 for none.
    std::uint32_t queue_packets_max = 0;
    std::string queue{};  ///< The queueing discipline: `fq_codel`, `noqueue`.
    std::optional<LinkStatistics> statistics{};

    /// One that is meant by its name, to be changed or removed.
    static Link named(std::string_view name);
    bool is_up() const;       ///< Switched on.
    bool is_running() const;  ///< Switched on, and connected.
    bool is_loopback() const;

    /// As `ip -oneline link` has it: `2: eth0: <UP,LOWER_UP> mtu 1500 state UP link/ether ...`
    std::string to_string() const;

    static Request list();
    /// Nothing, where the message is about something else. Errors: malformed.
    static Result<std::optional<Link>> read(const Message& message);
};

/// A link to be made.
struct NewLink {
    std::string name{};
    std::string kind{};  ///< `veth`, `dummy`, `bridge`, `vlan`, `ifb` ...
    std::string peer{};  ///< Of a veth: the name of its other end.
    std::optional<std::uint32_t> mtu{};
    std::optional<HardwareAddress> address{};
    unsigned lower = 0;                      ///< Of a vlan: the link that it is on.
    std::optional<std::uint16_t> vlan_id{};  ///< Of a vlan: 1 to 4094.
    bool is_up = false;
};

/// What of a link is to be changed; the rest stays.
struct LinkChange {
    std::optional<bool> is_up{};
    std::optional<std::uint32_t> mtu{};
    std::optional<std::string> name{};
    std::optional<HardwareAddress> address{};
    std::optional<unsigned> master{};  ///< 0: no part of any.
    std::optional<int> network{};      ///< A descriptor of the network namespace to move it to.
};

/// Errors of asking them: EEXIST, EOPNOTSUPP (no such kind), EPERM (CAP_NET_ADMIN is missing).
Request add(const NewLink& link);
/// Errors of asking it: ENODEV, EBUSY (a new name, while it is up), EINVAL, EPERM.
Request change(const Link& link, const LinkChange& change);
/// Errors of asking it: ENODEV, EOPNOTSUPP (a device, not made by software), EPERM.
Request remove(const Link& link);

/// The number of an interface by its name. Errors: ENODEV. if_nametoindex(3)
Result<unsigned> interface_index(std::string_view name);
/// Its name by its number; `if7` where there is none of number 7 here.
std::string interface_name(unsigned index);

}  // namespace fivetuple::netlink
