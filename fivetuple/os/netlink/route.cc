#include "fivetuple/os/netlink/route.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace fivetuple::netlink {
namespace {

std::uint8_t raw_family(const IpAddress& address) {
    return static_cast<std::uint8_t>(address.is_v4() ? AF_INET : AF_INET6);
}

// Everything but the interfaces, which the addresses that are scoped to them come before.
struct RawRoute {
    std::optional<IpAddress> destination;
    Bytes ways;
};

Result<void> read_address(const Attribute& attribute, std::optional<IpAddress>& into) {
    IpAddress address;
    FT_TRY_VOID(attribute.read(address));
    into = address;
    return {};
}

// RTA_VIA: a family, and an address of it.
Result<void> read_via(const Attribute& attribute, std::optional<IpAddress>& into) {
    std::uint16_t family = 0;
    FT_TRY_VOID(attribute.read_front(family));
    const bool is_ip = family == AF_INET || family == AF_INET6;
    if (!is_ip) return {};
    return read_address({attribute.type, attribute.data.subspan(sizeof family)}, into);
}

// A link-local gateway is one of the interface that it is reached by.
void give_scope(std::optional<IpAddress>& gateway, unsigned interface) {
    if (!gateway || gateway->is_v4() || !gateway->is_link_local()) return;
    gateway = IpAddress(gateway->v6_bytes(), interface);
}

Result<void> read_way(const rtnexthop& front, AttributeReader attributes, NextHop& way) {
    way.interface = static_cast<unsigned>(front.rtnh_ifindex);
    way.weight = unsigned{front.rtnh_hops} + 1;
    way.flags = front.rtnh_flags;
    FT_TRY_VOID(for_each(attributes, [&way](const Attribute& each) -> Result<void> {
        if (each.type == RTA_GATEWAY) return read_address(each, way.gateway);
        if (each.type == RTA_VIA) return read_via(each, way.gateway);
        return {};
    }));
    give_scope(way.gateway, way.interface);
    return {};
}

Result<void> read_ways(Bytes left, std::vector<NextHop>& into) {
    while (!left.empty()) {
        rtnexthop front{};
        if (left.size() >= sizeof front) std::memcpy(&front, left.data(), sizeof front);
        if (front.rtnh_len < sizeof front || front.rtnh_len > left.size()) {
            return std::unexpected(Error::malformed(
                "netlink", "a next hop says that it has " + std::to_string(front.rtnh_len) +
                               " bytes, where " + std::to_string(left.size()) + " are left"));
        }
        const Bytes attributes = left.subspan(sizeof front, front.rtnh_len - sizeof front);
        FT_TRY_VOID(read_way(front, AttributeReader(attributes), into.emplace_back()));
        left = left.subspan(std::min<std::size_t>(NLMSG_ALIGN(front.rtnh_len), left.size()));
    }
    return {};
}

Result<void> read_attribute(const Attribute& attribute, Route& route, RawRoute& raw) {
    switch (attribute.type) {
        case RTA_DST:
            return read_address(attribute, raw.destination);
        case RTA_GATEWAY:
            return read_address(attribute, route.gateway);
        case RTA_VIA:
            return read_via(attribute, route.gateway);
        case RTA_OIF:
            return attribute.read(route.interface);
        case RTA_PREFSRC:
            return read_address(attribute, route.source);
        case RTA_PRIORITY:
            return attribute.read(route.metric);
        case RTA_TABLE:
            return attribute.read(route.table);
        case RTA_NH_ID:
            return attribute.read(route.next_hop_id);
        case RTA_MULTIPATH:
            raw.ways = attribute.data;
            return {};
        default:
            return {};
    }
}

void add_gateway(Request& request, const IpAddress& gateway, bool is_v4) {
    if (gateway.is_v4() == is_v4) {
        request.add(RTA_GATEWAY, gateway);
        return;
    }
    // An IPv4 network behind an IPv6 router.
    const std::uint16_t family = raw_family(gateway);
    std::array<std::byte, sizeof family + 16> via{};
    std::memcpy(via.data(), &family, sizeof family);
    std::memcpy(via.data() + sizeof family, gateway.v6_bytes().data(), 16);
    request.add(RTA_VIA, Bytes(via));
}

void add_ways(Request& request, const Route& route) {
    const auto all = request.nest(RTA_MULTIPATH);
    for (const NextHop& way : route.ways) {
        // A next hop begins as an attribute does, with its length, and has attributes inside.
        rtnexthop front{};
        front.rtnh_hops = static_cast<unsigned char>(std::clamp(way.weight, 1u, 256u) - 1);
        front.rtnh_ifindex = static_cast<int>(way.interface);
        const auto one = request.nest_structure(front);
        if (way.gateway) add_gateway(request, *way.gateway, route.destination.is_v4());
    }
}

Request request_for(std::uint16_t type, Asks asks, const char* call, const Route& route) {
    Request request(type, asks, call);
    rtmsg header{};
    header.rtm_family = raw_family(route.destination);
    header.rtm_dst_len = route.prefix;
    header.rtm_tos = route.traffic_class;
    header.rtm_table = static_cast<unsigned char>(
        route.table < 256 ? route.table : std::uint32_t{RT_TABLE_UNSPEC});
    header.rtm_protocol = static_cast<unsigned char>(route.origin);
    header.rtm_scope = static_cast<unsigned char>(route.scope);
    header.rtm_type = static_cast<unsigned char>(route.type);
    request.about(route.to_string()).header(header).add(RTA_TABLE, route.table);
    if (route.prefix != 0) request.add(RTA_DST, route.destination);
    if (route.gateway) add_gateway(request, *route.gateway, route.destination.is_v4());
    if (route.interface != 0) request.add(RTA_OIF, route.interface);
    if (route.source) request.add(RTA_PREFSRC, *route.source);
    if (route.metric != 0) request.add(RTA_PRIORITY, route.metric);
    if (!route.ways.empty()) add_ways(request, route);
    if (route.next_hop_id != 0) request.add(RTA_NH_ID, route.next_hop_id);
    return request;
}

// A route without a gateway reaches no farther than its link; the kernel wants that said.
Route with_scope_of_gateway(Route route) {
    const bool is_direct = !route.gateway && route.ways.empty() && route.next_hop_id == 0;
    const bool is_sent = route.type == RouteType::unicast || route.type == RouteType::broadcast;
    if (route.scope != Scope::global || !route.destination.is_v4()) return route;
    if (route.type == RouteType::local) route.scope = Scope::host;
    if (is_sent && is_direct) route.scope = Scope::link;
    return route;
}

}  // namespace

Request Route::list() {
    Request request(RTM_GETROUTE, Asks::dump, "RTM_GETROUTE");
    request.header(rtmsg{});
    return request;
}

Result<std::optional<Route>> Route::read(const Message& message) {
    if (message.type != RTM_NEWROUTE && message.type != RTM_DELROUTE) return std::nullopt;
    rtmsg header{};
    FT_TRY_VOID(message.read(header));
    if (header.rtm_family != AF_INET && header.rtm_family != AF_INET6) return std::nullopt;
    Route route;
    RawRoute raw;
    route.prefix = header.rtm_dst_len;
    route.type = static_cast<RouteType>(header.rtm_type);
    route.origin = static_cast<RouteOrigin>(header.rtm_protocol);
    route.scope = static_cast<Scope>(header.rtm_scope);
    route.traffic_class = header.rtm_tos;
    route.table = header.rtm_table;
    route.flags = header.rtm_flags;
    FT_TRY_VOID(for_each(message.attributes(sizeof header),
                         [&](const Attribute& each) { return read_attribute(each, route, raw); }));
    FT_TRY_VOID(read_ways(raw.ways, route.ways));
    const IpAddress any = header.rtm_family == AF_INET ? IpAddress::any_v4() : IpAddress::any_v6();
    route.destination = raw.destination.value_or(any);
    give_scope(route.gateway, route.interface);
    const bool is_of_family = route.destination.is_v4() == any.is_v4();
    if (!is_of_family || route.prefix > (any.is_v4() ? 32 : 128)) {
        return std::unexpected(Error::malformed(
            "netlink", "a route's destination has a prefix of " + std::to_string(route.prefix) +
                           " bits, or is of another family than the route"));
    }
    return route;
}

Request route_to(const IpAddress& destination) {
    Request request(RTM_GETROUTE, Asks::answer, "RTM_GETROUTE");
    rtmsg header{};
    header.rtm_family = raw_family(destination);
    header.rtm_dst_len = destination.is_v4() ? 32 : 128;
    request.about(destination.to_string()).header(header).add(RTA_DST, destination);
    if (destination.scope() != 0) request.add(RTA_OIF, destination.scope());
    return request;
}

Request add(const Route& route) {
    return request_for(RTM_NEWROUTE, Asks::create, "RTM_NEWROUTE", with_scope_of_gateway(route));
}

Request replace(const Route& route) {
    return request_for(RTM_NEWROUTE, Asks::replace, "RTM_NEWROUTE", with_scope_of_gateway(route));
}

Request remove(const Route& route) {
    return request_for(RTM_DELROUTE, Asks::answer, "RTM_DELROUTE", with_scope_of_gateway(route));
}

}  // namespace fivetuple::netlink
