#include "fivetuple/os/netlink/link.h"
#include "fivetuple/os/netlink/route.h"

// How routes are written.
namespace fivetuple::netlink {
namespace {

constexpr std::uint32_t kDefaultTable = 253;

std::string table_text(std::uint32_t table) {
    switch (table) {
        case kLocalTable:
            return "local";
        case kMainTable:
            return "main";
        case kDefaultTable:
            return "default";
        default:
            return std::to_string(table);
    }
}

std::string way_text(const std::optional<IpAddress>& gateway, unsigned interface, bool is_v4) {
    std::string text;
    if (gateway) {
        // A gateway of the other family is named with it, as ip(8) does.
        text += gateway->is_v4() == is_v4 ? " via " : " via inet6 ";
        text += gateway->to_string();
    }
    if (interface != 0) text += " dev " + interface_name(interface);
    return text;
}

}  // namespace

std::string to_string(RouteType type) {
    switch (type) {
        case RouteType::unicast:
            return "unicast";
        case RouteType::local:
            return "local";
        case RouteType::broadcast:
            return "broadcast";
        case RouteType::anycast:
            return "anycast";
        case RouteType::multicast:
            return "multicast";
        case RouteType::blackhole:
            return "blackhole";
        case RouteType::unreachable:
            return "unreachable";
        case RouteType::prohibit:
            return "prohibit";
        case RouteType::throws:
            return "throw";
    }
    return std::to_string(static_cast<int>(type));
}

std::string to_string(RouteOrigin origin) {
    switch (origin) {
        case RouteOrigin::unknown:
            return "unspec";
        case RouteOrigin::redirect:
            return "redirect";
        case RouteOrigin::kernel:
            return "kernel";
        case RouteOrigin::boot:
            return "boot";
        case RouteOrigin::administrator:
            return "static";
        case RouteOrigin::router:
            return "ra";
        case RouteOrigin::dhcp:
            return "dhcp";
    }
    return std::to_string(static_cast<int>(origin));
}

std::string Route::to_string() const {
    const bool is_v4 = destination.is_v4();
    const bool is_host = prefix == (is_v4 ? 32 : 128);
    std::string text = type == RouteType::unicast ? "" : netlink::to_string(type) + " ";
    text += is_default() ? "default" : destination.to_string();
    if (!is_default() && !is_host) text += "/" + std::to_string(prefix);
    text += way_text(gateway, interface, is_v4);
    if (table != kMainTable) text += " table " + table_text(table);
    if (origin != RouteOrigin::boot) text += " proto " + netlink::to_string(origin);
    if (scope != Scope::global) text += " scope " + netlink::to_string(scope);
    if (source) text += " src " + source->to_string();
    if (metric != 0) text += " metric " + std::to_string(metric);
    for (const NextHop& way : ways) {
        text += " nexthop" + way_text(way.gateway, way.interface, is_v4) + " weight " +
                std::to_string(way.weight);
    }
    return text;
}

}  // namespace fivetuple::netlink
