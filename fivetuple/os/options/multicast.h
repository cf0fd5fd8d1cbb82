#pragma once

#include "fivetuple/os/ip_address.h"
#include "fivetuple/os/option_forms.h"

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <string_view>

// Sending to groups and receiving what is sent to them, over IPv4 and IPv6. ip(7), ipv6(7)
namespace fivetuple {

/// The interface by which a group's datagrams go and come: by its index, or for IPv4 by an address
/// of it. None leaves the choice to the routing table.
struct MulticastVia {
    std::uint32_t index = 0;
    IpAddress address = {};

    /// Errors: ENODEV. if_nametoindex(3)
    static Result<MulticastVia> device(const std::string& name);
    std::string to_string() const;
};

/// Receive what is sent to a group. A group of IPv6 may name its interface itself: `ff02::1%eth0`.
/// The socket must be of the group's family.
/// Errors: EINVAL for an address that is no group; ENODEV, where no interface leads there;
/// EADDRINUSE, where it has joined already; ENOBUFS over net.ipv4.igmp_max_memberships. ip(7)
struct JoinGroup {
    static constexpr OptionKey key{IPPROTO_IP, IP_ADD_MEMBERSHIP, "IP_ADD_MEMBERSHIP"};
    static constexpr OptionKey v6_key{IPPROTO_IPV6, IPV6_JOIN_GROUP, "IPV6_JOIN_GROUP"};
    static constexpr const char* form = "group and interface";
    static constexpr const char* unit = "";
    IpAddress group;
    MulticastVia via = {};
    const OptionKey& used_key() const { return group.is_v4() ? key : v6_key; }
    Result<void> write_to(OptionAccess socket) const;
    std::string to_string() const;
};

/// The opposite. Errors: EADDRNOTAVAIL, where it has not joined. ip(7)
struct LeaveGroup {
    static constexpr OptionKey key{IPPROTO_IP, IP_DROP_MEMBERSHIP, "IP_DROP_MEMBERSHIP"};
    static constexpr OptionKey v6_key{IPPROTO_IPV6, IPV6_LEAVE_GROUP, "IPV6_LEAVE_GROUP"};
    static constexpr const char* form = "group and interface";
    static constexpr const char* unit = "";
    IpAddress group;
    MulticastVia via = {};
    const OptionKey& used_key() const { return group.is_v4() ? key : v6_key; }
    Result<void> write_to(OptionAccess socket) const;
    std::string to_string() const;
};

/// Receive what one sender sends to a group; may be asked again for other senders.
/// Errors: as JoinGroup; EINVAL, where group and source are not of one family, or where the whole
/// group is joined. ip(7), RFC 3678
struct JoinSource {
    static constexpr OptionKey key{IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, "MCAST_JOIN_SOURCE_GROUP"};
    static constexpr OptionKey v6_key{IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP,
                                      "MCAST_JOIN_SOURCE_GROUP"};
    static constexpr const char* form = "group, source and interface";
    static constexpr const char* unit = "";
    IpAddress group;
    IpAddress source;
    MulticastVia via = {};
    const OptionKey& used_key() const { return group.is_v4() ? key : v6_key; }
    Result<void> write_to(OptionAccess socket) const;
    std::string to_string() const;
};

/// The opposite. Errors: EADDRNOTAVAIL, where it has not joined. ip(7)
struct LeaveSource {
    static constexpr OptionKey key{IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP,
                                   "MCAST_LEAVE_SOURCE_GROUP"};
    static constexpr OptionKey v6_key{IPPROTO_IPV6, MCAST_LEAVE_SOURCE_GROUP,
                                      "MCAST_LEAVE_SOURCE_GROUP"};
    static constexpr const char* form = "group, source and interface";
    static constexpr const char* unit = "";
    IpAddress group;
    IpAddress source;
    MulticastVia via = {};
    const OptionKey& used_key() const { return group.is_v4() ? key : v6_key; }
    Result<void> write_to(OptionAccess socket) const;
    std::string to_string() const;
};

/// By which interface datagrams to groups are sent. Of one that was given by its index, IPv4 tells
/// only the address. ip(7)
struct MulticastInterface {
    static constexpr OptionKey key{IPPROTO_IP, IP_MULTICAST_IF, "IP_MULTICAST_IF"};
    static constexpr const char* form = "interface";
    static constexpr const char* unit = "";
    MulticastVia via;
    static Result<MulticastInterface> read_from(OptionAccess socket);
    Result<void> write_to(OptionAccess socket) const;
    std::string to_string() const { return via.to_string(); }
};

/// The same for IPv6, by the interface's index; 0 leaves it to the routing table. ipv6(7)
struct V6MulticastInterface : Count<V6MulticastInterface, IPPROTO_IPV6, IPV6_MULTICAST_IF> {
    static constexpr const char* name = "IPV6_MULTICAST_IF";
    static constexpr const char* unit = "";
    static constexpr int least = 0;
    static constexpr int most = INT_MAX;
};

/// Give datagrams to a group to the listeners on this machine as well; on from the start. ip(7)
struct MulticastLoop : Switch<MulticastLoop, IPPROTO_IP, IP_MULTICAST_LOOP> {
    static constexpr const char* name = "IP_MULTICAST_LOOP";
};

/// The same for IPv6. ipv6(7)
struct V6MulticastLoop : Switch<V6MulticastLoop, IPPROTO_IPV6, IPV6_MULTICAST_LOOP> {
    static constexpr const char* name = "IPV6_MULTICAST_LOOP";
};

/// Routers that a datagram to a group may pass: 0 to 255; 1 from the start, which -1 restores.
/// ip(7)
struct MulticastTtl : Count<MulticastTtl, IPPROTO_IP, IP_MULTICAST_TTL> {
    static constexpr const char* name = "IP_MULTICAST_TTL";
    static constexpr const char* unit = "hops";
    static constexpr int least = -1;
    static constexpr int most = 255;
};

/// The same for IPv6. ipv6(7)
struct V6MulticastHops : Count<V6MulticastHops, IPPROTO_IPV6, IPV6_MULTICAST_HOPS> {
    static constexpr const char* name = "IPV6_MULTICAST_HOPS";
    static constexpr const char* unit = "hops";
    static constexpr int least = -1;
    static constexpr int most = 255;
};

/// Receive also what is sent to groups that only other sockets have joined: the kernel's default,
/// and rarely what is wanted. ip(7)
struct MulticastAll : Switch<MulticastAll, IPPROTO_IP, IP_MULTICAST_ALL> {
    static constexpr const char* name = "IP_MULTICAST_ALL";
};

/// The same for IPv6. ipv6(7)
struct V6MulticastAll : Switch<V6MulticastAll, IPPROTO_IPV6, IPV6_MULTICAST_ALL> {
    static constexpr const char* name = "IPV6_MULTICAST_ALL";
};

}  // namespace fivetuple
