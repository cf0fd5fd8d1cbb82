#include "fivetuple/sim/stack/stack.h"
#include "fivetuple/sim/stack/udp.h"

#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

// What udp(7), ip(7), ipv6(7) and socket(7) let a program choose of a UDP socket.
namespace fivetuple::sim {
namespace {

// A group to join or leave, from all or from one source.
struct Membership {
    IpAddress group;
    std::optional<IpAddress> source;
    bool joins = false;
};

template <std::size_t size>
IpAddress address_at(Bytes value) {
    std::array<std::uint8_t, size> bytes;
    std::memcpy(bytes.data(), value.data(), size);
    return IpAddress(bytes);
}

std::optional<IpAddress> address_in(const sockaddr_storage& storage) {
    const auto address = SocketAddress::from_raw(
        reinterpret_cast<const sockaddr*>(&storage),
        storage.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    if (!address || !address->is_ip()) return std::nullopt;
    return address->ip();
}

// In any of the forms that a program may name it by; nothing for other options.
std::optional<Membership> read_membership(int level, int number, Bytes value) {
    const bool v4 = level == IPPROTO_IP;
    if (!v4 && level != IPPROTO_IPV6) return std::nullopt;
    if (v4 && (number == IP_ADD_MEMBERSHIP || number == IP_DROP_MEMBERSHIP)) {
        if (value.size() < sizeof(ip_mreq)) return Membership{};
        return Membership{address_at<4>(value), {}, number == IP_ADD_MEMBERSHIP};
    }
    if (!v4 && (number == IPV6_ADD_MEMBERSHIP || number == IPV6_DROP_MEMBERSHIP)) {
        if (value.size() < sizeof(ipv6_mreq)) return Membership{};
        return Membership{address_at<16>(value), {}, number == IPV6_ADD_MEMBERSHIP};
    }
    if (number == MCAST_JOIN_GROUP || number == MCAST_LEAVE_GROUP) {
        group_req asked{};
        if (value.size() < sizeof asked) return Membership{};
        std::memcpy(&asked, value.data(), sizeof asked);
        const auto group = address_in(asked.gr_group);
        return Membership{group.value_or(IpAddress()), {}, number == MCAST_JOIN_GROUP};
    }
    if (number == MCAST_JOIN_SOURCE_GROUP || number == MCAST_LEAVE_SOURCE_GROUP) {
        group_source_req asked{};
        if (value.size() < sizeof asked) return Membership{};
        std::memcpy(&asked, value.data(), sizeof asked);
        const auto group = address_in(asked.gsr_group);
        const auto source = address_in(asked.gsr_source);
        return Membership{group.value_or(IpAddress()), source.value_or(IpAddress()),
                          number == MCAST_JOIN_SOURCE_GROUP};
    }
    return std::nullopt;
}

int change(udp::Socket& socket, const Membership& membership) {
    if (!membership.group.is_multicast()) return -EINVAL;
    const auto known = socket.groups.find(membership.group);
    const bool is_in = known != socket.groups.end();
    if (!membership.source) {
        if (membership.joins && is_in) return -EADDRINUSE;
        if (!membership.joins && !is_in) return -EADDRNOTAVAIL;
        if (membership.joins) socket.groups[membership.group] = {};
        if (!membership.joins) socket.groups.erase(known);
        return 0;
    }
    // One cannot be in it for all and for some at once.
    if (is_in && known->second.empty()) return -EINVAL;
    if (membership.joins) {
        return socket.groups[membership.group].insert(*membership.source).second ? 0
                                                                                 : -EADDRNOTAVAIL;
    }
    if (!is_in || known->second.erase(*membership.source) == 0) return -EADDRNOTAVAIL;
    if (known->second.empty()) socket.groups.erase(known);
    return 0;
}

// The two names that most options of IP have, as one.
enum class IpOption : std::uint8_t {
    none,
    hops,
    traffic_class,
    packet_info,
    tell_hops,
    tell_class,
    report,
    discovery,
    multicast_hops,
    multicast_loop,
    mtu,
    ignored
};
struct IpName {
    int level;
    int number;
    IpOption meaning;
};
constexpr IpName kIpNames[] = {
    {IPPROTO_IP, IP_TTL, IpOption::hops},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, IpOption::hops},
    {IPPROTO_IP, IP_TOS, IpOption::traffic_class},
    {IPPROTO_IPV6, IPV6_TCLASS, IpOption::traffic_class},
    {IPPROTO_IP, IP_PKTINFO, IpOption::packet_info},
    {IPPROTO_IPV6, IPV6_RECVPKTINFO, IpOption::packet_info},
    {IPPROTO_IP, IP_RECVTTL, IpOption::tell_hops},
    {IPPROTO_IPV6, IPV6_RECVHOPLIMIT, IpOption::tell_hops},
    {IPPROTO_IP, IP_RECVTOS, IpOption::tell_class},
    {IPPROTO_IPV6, IPV6_RECVTCLASS, IpOption::tell_class},
    {IPPROTO_IP, IP_RECVERR, IpOption::report},
    {IPPROTO_IPV6, IPV6_RECVERR, IpOption::report},
    {IPPROTO_IP, IP_MTU_DISCOVER, IpOption::discovery},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, IpOption::discovery},
    {IPPROTO_IP, IP_MULTICAST_TTL, IpOption::multicast_hops},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, IpOption::multicast_hops},
    {IPPROTO_IP, IP_MULTICAST_LOOP, IpOption::multicast_loop},
    {IPPROTO_IPV6, IPV6_MULTICAST_LOOP, IpOption::multicast_loop},
    {IPPROTO_IP, IP_MTU, IpOption::mtu},
    {IPPROTO_IPV6, IPV6_MTU, IpOption::mtu},
    {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, IpOption::ignored},
};

IpOption ip_option(int level, int number) {
    for (const IpName& name : kIpNames) {
        if (name.level == level && name.number == number) return name.meaning;
    }
    return IpOption::none;
}

bool is_byte(int value) { return value >= 0 && value <= 255; }

}  // namespace

int StackUdp::set_option(int level, int number, Bytes value, Time) {
    if (const auto membership = read_membership(level, number, value)) {
        return change(block_, *membership);
    }
    int asked = 0;
    if (!take_int(value, asked)) return -EINVAL;
    if (level == SOL_SOCKET) return set_socket_option(number, asked);
    if (level == SOL_UDP) {
        if (number == UDP_GRO) tells_.joined = asked != 0;
        if (number == UDP_GRO) return 0;
        if (number != UDP_SEGMENT) return -ENOPROTOOPT;
        if (asked < 0 || asked > 65535) return -EINVAL;
        segment_ = static_cast<std::uint16_t>(asked);
        return 0;
    }
    return set_ip_option(level, number, asked);
}

int StackUdp::set_socket_option(int number, int asked) {
    udp::Settings& settings = block_.settings;
    switch (number) {
        case SO_REUSEADDR:
            settings.reuse_address = asked != 0;
            return 0;
        case SO_REUSEPORT:
            settings.reuse_port = asked != 0;
            return 0;
        case SO_BROADCAST:
            settings.broadcast = asked != 0;
            return 0;
        case SO_RCVBUF:
            settings.receive_buffer = receive_buffer_kept(asked);
            return 0;
        case SO_SNDBUF:
            settings.send_buffer = send_buffer_kept(asked);
            return 0;
        case SO_TIMESTAMPNS:
            tells_.time = asked != 0;
            return 0;
        case SO_TIMESTAMPING:
            // The numbers of sends begin anew.
            tells_.sent = (asked & SOF_TIMESTAMPING_TX_SOFTWARE) != 0;
            sends_ = 0;
            return 0;
        case SO_RXQ_OVFL:
            tells_.drops = asked != 0;
            return 0;
        default:
            return -ENOPROTOOPT;
    }
}

int StackUdp::set_ip_option(int level, int number, int asked) {
    udp::Settings& settings = block_.settings;
    if (level == IPPROTO_IPV6 && number == IPV6_V6ONLY) {
        if (block_.family() != Family::ipv6) return -ENOPROTOOPT;
        if (block_.is_bound()) return -EINVAL;
        settings.v6_only = asked != 0;
        return 0;
    }
    if (level == IPPROTO_IPV6 && block_.family() != Family::ipv6) return -ENOPROTOOPT;
    switch (ip_option(level, number)) {
        case IpOption::hops:
            if (asked == -1) asked = 64;
            if (asked < 1 || asked > 255) return -EINVAL;
            settings.hops = static_cast<std::uint8_t>(asked);
            return 0;
        case IpOption::traffic_class:
            if (level == IPPROTO_IPV6 && !is_byte(asked)) return -EINVAL;
            settings.traffic_class = static_cast<std::uint8_t>(asked);
            return 0;
        case IpOption::packet_info:
            tells_.packet_info = asked != 0;
            return 0;
        case IpOption::tell_hops:
            tells_.hops = asked != 0;
            return 0;
        case IpOption::tell_class:
            tells_.traffic_class = asked != 0;
            return 0;
        case IpOption::report:
            settings.report_failures = asked != 0;
            return 0;
        case IpOption::discovery:
            if (asked < 0 || asked > 3) return -EINVAL;
            settings.discovery = static_cast<udp::MtuDiscovery>(asked);
            return 0;
        case IpOption::multicast_hops:
            if (!is_byte(asked)) return -EINVAL;
            settings.multicast_hops = static_cast<std::uint8_t>(asked);
            return 0;
        case IpOption::multicast_loop:
            settings.multicast_loop = asked != 0;
            return 0;
        case IpOption::ignored:
            return 0;
        case IpOption::mtu:
        case IpOption::none:
            break;
    }
    return -ENOPROTOOPT;
}

std::int64_t StackUdp::get_option(int level, int number, MutableBytes room, Time now) {
    const udp::Settings& settings = block_.settings;
    const bool v4 = block_.family() == Family::ipv4;
    if (level == SOL_SOCKET) return get_socket_option(number, room);
    if (level == SOL_UDP && number == UDP_GRO) return give_int(tells_.joined, room);
    if (level == SOL_UDP) return number == UDP_SEGMENT ? give_int(segment_, room) : -ENOPROTOOPT;
    if (level == IPPROTO_IPV6 && v4) return -ENOPROTOOPT;
    if (level == IPPROTO_IPV6 && number == IPV6_V6ONLY) return give_int(settings.v6_only, room);
    switch (ip_option(level, number)) {
        case IpOption::hops:
            return give_int(settings.hops, room);
        case IpOption::traffic_class:
            return give_int(settings.traffic_class, room);
        case IpOption::packet_info:
            return give_int(tells_.packet_info, room);
        case IpOption::tell_hops:
            return give_int(tells_.hops, room);
        case IpOption::tell_class:
            return give_int(tells_.traffic_class, room);
        case IpOption::report:
            return give_int(settings.report_failures, room);
        case IpOption::discovery:
            return give_int(static_cast<int>(settings.discovery), room);
        case IpOption::multicast_hops:
            return give_int(settings.multicast_hops, room);
        case IpOption::multicast_loop:
            return give_int(settings.multicast_loop, room);
        case IpOption::mtu:
            if (!block_.is_connected()) return -ENOTCONN;
            return give_int(static_cast<int>(stack_.path_mtu(block_.peer().ip(), now)), room);
        case IpOption::ignored:
            return give_int(0, room);
        case IpOption::none:
            break;
    }
    return -ENOPROTOOPT;
}

std::int64_t StackUdp::get_socket_option(int number, MutableBytes room) {
    const udp::Settings& settings = block_.settings;
    const bool v4 = block_.family() == Family::ipv4;
    switch (number) {
        case SO_TYPE:
            return give_int(SOCK_DGRAM, room);
        case SO_COOKIE:
            return give_cookie(cookie_, room);
        case SO_DOMAIN:
            return give_int(v4 ? AF_INET : AF_INET6, room);
        case SO_PROTOCOL:
            return give_int(IPPROTO_UDP, room);
        case SO_ERROR:
            return give_int(block_.take_error(), room);
        case SO_ACCEPTCONN:
            return give_int(0, room);
        case SO_REUSEADDR:
            return give_int(settings.reuse_address, room);
        case SO_REUSEPORT:
            return give_int(settings.reuse_port, room);
        case SO_BROADCAST:
            return give_int(settings.broadcast, room);
        case SO_RCVBUF:
            return give_int(static_cast<int>(settings.receive_buffer), room);
        case SO_SNDBUF:
            return give_int(static_cast<int>(settings.send_buffer), room);
        case SO_TIMESTAMPNS:
            return give_int(tells_.time, room);
        case SO_RXQ_OVFL:
            return give_int(tells_.drops, room);
        default:
            return -ENOPROTOOPT;
    }
}

}  // namespace fivetuple::sim
