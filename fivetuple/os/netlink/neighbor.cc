#include "fivetuple/os/netlink/neighbor.h"

#include "fivetuple/os/netlink/link.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <utility>

namespace fivetuple::netlink {
namespace {

Request request_for(std::uint16_t type, Asks asks, const char* call, const Neighbor& neighbor) {
    Request request(type, asks, call);
    ndmsg header{};
    header.ndm_family = neighbor.address.is_v4() ? AF_INET : AF_INET6;
    header.ndm_ifindex = static_cast<int>(neighbor.interface);
    header.ndm_state = std::to_underlying(neighbor.state);
    header.ndm_flags = neighbor.flags;
    request.about(neighbor.address.to_string()).header(header).add(NDA_DST, neighbor.address);
    if (!neighbor.hardware.empty()) request.add(NDA_LLADDR, neighbor.hardware);
    return request;
}

}  // namespace

std::string to_string(NeighborState state) {
    switch (state) {
        case NeighborState::none:
            return "NONE";
        case NeighborState::incomplete:
            return "INCOMPLETE";
        case NeighborState::reachable:
            return "REACHABLE";
        case NeighborState::stale:
            return "STALE";
        case NeighborState::delay:
            return "DELAY";
        case NeighborState::probe:
            return "PROBE";
        case NeighborState::failed:
            return "FAILED";
        case NeighborState::no_arp:
            return "NOARP";
        case NeighborState::permanent:
            return "PERMANENT";
    }
    return std::to_string(std::to_underlying(state));
}

std::string Neighbor::to_string() const {
    std::string text = address.to_string() + " dev " + interface_name(interface);
    if (!hardware.empty()) text += " lladdr " + hardware.to_string();
    return text + " " + netlink::to_string(state);
}

Request Neighbor::list() {
    Request request(RTM_GETNEIGH, Asks::dump, "RTM_GETNEIGH");
    request.header(ndmsg{});
    return request;
}

Result<std::optional<Neighbor>> Neighbor::read(const Message& message) {
    if (message.type != RTM_NEWNEIGH && message.type != RTM_DELNEIGH) return std::nullopt;
    ndmsg header{};
    FT_TRY_VOID(message.read(header));
    // A bridge tells its table of hardware addresses by the same messages.
    if (header.ndm_family != AF_INET && header.ndm_family != AF_INET6) return std::nullopt;
    Neighbor found;
    found.interface = static_cast<unsigned>(header.ndm_ifindex);
    found.state = static_cast<NeighborState>(header.ndm_state);
    found.flags = header.ndm_flags;
    FT_TRY_VOID(for_each(message.attributes(sizeof header), [&](const Attribute& each) {
        if (each.type == NDA_DST) return each.read(found.address, found.interface);
        if (each.type == NDA_LLADDR) return each.read(found.hardware);
        return Result<void>();
    }));
    return found;
}

Request add(const Neighbor& neighbor) {
    return request_for(RTM_NEWNEIGH, Asks::create, "RTM_NEWNEIGH", neighbor);
}

Request replace(const Neighbor& neighbor) {
    return request_for(RTM_NEWNEIGH, Asks::replace, "RTM_NEWNEIGH", neighbor);
}

Request remove(const Neighbor& neighbor) {
    return request_for(RTM_DELNEIGH, Asks::answer, "RTM_DELNEIGH", neighbor);
}

}  // namespace fivetuple::netlink
