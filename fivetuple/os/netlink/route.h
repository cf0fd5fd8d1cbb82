#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/ip_address.h"
#include "fivetuple/os/netlink/interface_address.h"
#include "fivetuple/os/netlink/message.h"
#include "fivetuple/os/netlink/request.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fivetuple::netlink {

/// What becomes of packets that a route fits. rtnetlink(7)
enum class RouteType : std::uint8_t {
    unicast = 1,    ///< They go on, to the gateway or the destination itself.
    local = 2,      ///< They are for this machine.
    broadcast = 3,  ///< They are for this machine, and go out as a broadcast.
    anycast = 4,    ///< As local, but for one of several machines.
    multicast = 5,
    blackhole = 6,    ///< They vanish; senders here get EINVAL.
    unreachable = 7,  ///< EHOSTUNREACH
    prohibit = 8,     ///< EACCES
    throws = 9,       ///< The search ends in this table and goes on with the next one.
};
std::string to_string(RouteType type);

/// Who made a route. Any other number is some daemon's own.
enum class RouteOrigin : std::uint8_t {
    unknown = 0,
    redirect = 1,
    kernel = 2,
    boot = 3,           ///< By hand, without saying.
    administrator = 4,  ///< `proto static`
    router = 9,         ///< A router's announcement.
    dhcp = 16,
};
std::string to_string(RouteOrigin origin);

inline constexpr std::uint32_t kMainTable = 254;
inline constexpr std::uint32_t kLocalTable = 255;

/// One of the ways of a route that has several.
struct NextHop {
    std::optional<IpAddress> gateway{};  ///< Nothing: the destination is on the link itself.
    unsigned interface = 0;
    unsigned weight = 1;  ///< Its share, 1 to 256.
    std::uint8_t flags = 0;

    bool operator==(const NextHop&) const = default;
};

/// A row of a routing table. rtnetlink(7), RTM_GETROUTE
struct Route {
    IpAddress destination{};  ///< The network; with a prefix of 0 it is the
                              ///< default route.
    std::uint8_t prefix = 0;
    RouteType type = RouteType::unicast;
    std::optional<IpAddress> gateway{};  ///< Nothing: the destination is on the link itself.
    unsigned interface = 0;              ///< 0 where it has none, or several ways.
    std::vector<NextHop> ways{};         ///< Where there are several.
    std::optional<IpAddress> source{};   ///< The address that packets from here are given.
    std::uint32_t metric = 0;            ///< Of several that fit as well the lowest is taken.
    std::uint32_t table = kMainTable;
    RouteOrigin origin = RouteOrigin::boot;
    Scope scope = Scope::global;
    std::uint8_t traffic_class = 0;  ///< Only packets of this one; 0 for all.
    std::uint32_t flags = 0;
    std::uint32_t next_hop_id = 0;  ///< Of a next hop that several routes share; 0 for none.

    bool is_default() const { return prefix == 0; }
    /// As ip(8) has it: `default via 10.0.0.254 dev v0 proto dhcp metric 100`
    std::string to_string() const;

    static Request list();
    /// Nothing, where the message is about something else. Errors: malformed.
    static Result<std::optional<Route>> read(const Message& message);
};

/// The route that packets to `destination` take. The answer is one, with the source they get.
/// Errors of asking it: ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL.
Request route_to(const IpAddress& destination);

/// Errors of asking them: EEXIST, ENETUNREACH (the gateway is on no link), ENODEV, EINVAL, EPERM
/// (CAP_NET_ADMIN is missing).
Request add(const Route& route);
/// Adds it, or puts it in the place of one with this destination and metric.
Request replace(const Route& route);
/// Errors of asking it: ESRCH, EPERM.
Request remove(const Route& route);

}  // namespace fivetuple::netlink
