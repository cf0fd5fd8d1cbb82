#include "fivetuple/os/netlink/link.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <net/if_arp.h>

#include <array>
#include <cerrno>
#include <utility>

namespace fivetuple::netlink {
namespace {

constexpr std::uint32_t kLowerUp = 1u << 16;  // IFF_LOWER_UP, which net/if.h lacks.

struct FlagName {
    std::uint32_t flag;
    const char* name;
};
// In the order in which ip(8) writes them.
constexpr std::array kFlags{
    FlagName{IFF_LOOPBACK, "LOOPBACK"},
    FlagName{IFF_BROADCAST, "BROADCAST"},
    FlagName{IFF_POINTOPOINT, "POINTOPOINT"},
    FlagName{IFF_MULTICAST, "MULTICAST"},
    FlagName{IFF_NOARP, "NOARP"},
    FlagName{IFF_ALLMULTI, "ALLMULTI"},
    FlagName{IFF_PROMISC, "PROMISC"},
    FlagName{IFF_MASTER, "MASTER"},
    FlagName{IFF_SLAVE, "SLAVE"},
    FlagName{IFF_DEBUG, "DEBUG"},
    FlagName{IFF_DYNAMIC, "DYNAMIC"},
    FlagName{IFF_AUTOMEDIA, "AUTOMEDIA"},
    FlagName{IFF_PORTSEL, "PORTSEL"},
    FlagName{IFF_NOTRAILERS, "NOTRAILERS"},
    FlagName{IFF_UP, "UP"},
    FlagName{kLowerUp, "LOWER_UP"},
};

std::string flags_text(std::uint32_t flags) {
    std::string text;
    const auto add = [&text](const char* name) {
        text += (text.empty() ? "" : ",") + std::string(name);
    };
    if ((flags & IFF_UP) != 0 && (flags & IFF_RUNNING) == 0) add("NO-CARRIER");
    for (const FlagName& each : kFlags) {
        if ((flags & each.flag) != 0) add(each.name);
    }
    return text;
}

std::string hardware_text(std::uint16_t type) {
    switch (type) {
        case ARPHRD_ETHER:
            return "ether";
        case ARPHRD_LOOPBACK:
            return "loopback";
        case ARPHRD_NONE:
            return "none";
        case ARPHRD_PPP:
            return "ppp";
        case ARPHRD_TUNNEL:
            return "ipip";
        case ARPHRD_SIT:
            return "sit";
        default:
            return std::to_string(type);
    }
}

Result<void> read_statistics(const Attribute& attribute, std::optional<LinkStatistics>& into) {
    // The front of rtnl_link_stats64, which newer kernels make longer.
    std::array<std::uint64_t, 8> raw{};
    FT_TRY_VOID(attribute.read_front(raw));
    into = LinkStatistics{raw[0], raw[1], raw[2], raw[3], raw[4], raw[5], raw[6], raw[7]};
    return {};
}

Result<void> read_kind(const Attribute& attribute, std::string& into) {
    return for_each(attribute.nested(), [&into](const Attribute& each) -> Result<void> {
        if (each.type == IFLA_INFO_KIND) return each.read(into);
        return {};
    });
}

Result<void> read_attribute(const Attribute& attribute, Link& link) {
    switch (attribute.type) {
        case IFLA_IFNAME:
            return attribute.read(link.name);
        case IFLA_MTU:
            return attribute.read(link.mtu);
        case IFLA_ADDRESS:
            return attribute.read(link.address);
        case IFLA_BROADCAST:
            return attribute.read(link.broadcast);
        case IFLA_LINK:
            return attribute.read(link.lower);
        case IFLA_MASTER:
            return attribute.read(link.master);
        case IFLA_TXQLEN:
            return attribute.read(link.queue_packets_max);
        case IFLA_QDISC:
            return attribute.read(link.queue);
        case IFLA_LINKINFO:
            return read_kind(attribute, link.kind);
        case IFLA_STATS64:
            return read_statistics(attribute, link.statistics);
        case IFLA_OPERSTATE: {
            std::uint8_t state = 0;
            FT_TRY_VOID(attribute.read(state));
            if (state <= std::to_underlying(LinkState::up))
                link.state = static_cast<LinkState>(state);
            return {};
        }
        default:
            return {};
    }
}

ifinfomsg header_of(const Link& link) {
    ifinfomsg header{};
    header.ifi_family = AF_UNSPEC;
    header.ifi_index = static_cast<int>(link.index);
    return header;
}

void add_veth_peer(Request& request, const std::string& name) {
    const auto data = request.nest(IFLA_INFO_DATA);
    const auto peer = request.nest(VETH_INFO_PEER);
    request.header(ifinfomsg{});
    if (!name.empty()) request.add_text(IFLA_IFNAME, name);
}

}  // namespace

std::string_view to_string(LinkState state) {
    constexpr std::array<std::string_view, 7> kNames{
        "UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"};
    const auto at = static_cast<std::size_t>(state);
    return at < kNames.size() ? kNames[at] : "UNKNOWN";
}

Link Link::named(std::string_view name) {
    Link link;
    link.name = name;
    return link;
}

bool Link::is_up() const { return (flags & IFF_UP) != 0; }
bool Link::is_running() const { return (flags & IFF_RUNNING) != 0; }
bool Link::is_loopback() const { return (flags & IFF_LOOPBACK) != 0; }

std::string Link::to_string() const {
    std::string text = std::to_string(index) + ": " + name;
    if (lower != 0) text += "@" + interface_name(lower);
    text += ": <" + flags_text(flags) + "> mtu " + std::to_string(mtu);
    if (!queue.empty()) text += " qdisc " + queue;
    if (master != 0) text += " master " + interface_name(master);
    text += " state " + std::string(netlink::to_string(state));
    if (!kind.empty()) text += " " + kind;
    text += " link/" + hardware_text(hardware);
    if (!address.empty()) text += " " + address.to_string();
    return text;
}

Request Link::list() {
    Request request(RTM_GETLINK, Asks::dump, "RTM_GETLINK");
    request.header(ifinfomsg{});
    return request;
}

Result<std::optional<Link>> Link::read(const Message& message) {
    if (message.type != RTM_NEWLINK && message.type != RTM_DELLINK) return std::nullopt;
    ifinfomsg header{};
    FT_TRY_VOID(message.read(header));
    // Those of a bridge's ports, for one, speak of a link again.
    if (header.ifi_family != AF_UNSPEC) return std::nullopt;
    Link link;
    link.index = static_cast<unsigned>(header.ifi_index);
    link.hardware = header.ifi_type;
    link.flags = header.ifi_flags;
    FT_TRY_VOID(for_each(message.attributes(sizeof header),
                         [&link](const Attribute& each) { return read_attribute(each, link); }));
    return link;
}

Request add(const NewLink& link) {
    Request request(RTM_NEWLINK, Asks::create, "RTM_NEWLINK");
    ifinfomsg header{};
    if (link.is_up) header.ifi_flags = header.ifi_change = IFF_UP;
    request.about(link.name).header(header).add_text(IFLA_IFNAME, link.name);
    if (link.mtu) request.add(IFLA_MTU, *link.mtu);
    if (link.address) request.add(IFLA_ADDRESS, *link.address);
    if (link.lower != 0) request.add(IFLA_LINK, link.lower);
    const auto info = request.nest(IFLA_LINKINFO);
    request.add(IFLA_INFO_KIND, bytes_of(link.kind));
    if (link.kind == "veth") add_veth_peer(request, link.peer);
    if (link.vlan_id) {
        const auto data = request.nest(IFLA_INFO_DATA);
        request.add(IFLA_VLAN_ID, *link.vlan_id);
    }
    return request;
}

Request change(const Link& link, const LinkChange& change) {
    Request request(RTM_NEWLINK, Asks::answer, "RTM_NEWLINK");
    ifinfomsg header = header_of(link);
    // Beside a number the name is the new one, so a link to be renamed needs its number.
    if (header.ifi_index == 0 && change.name) {
        header.ifi_index = static_cast<int>(::if_nametoindex(link.name.c_str()));
    }
    if (change.is_up) {
        header.ifi_change = IFF_UP;
        header.ifi_flags = *change.is_up ? IFF_UP : 0;
    }
    request.about(link.name.empty() ? interface_name(link.index) : link.name).header(header);
    if (header.ifi_index == 0) request.add_text(IFLA_IFNAME, link.name);
    if (header.ifi_index != 0 && change.name) request.add_text(IFLA_IFNAME, *change.name);
    if (change.mtu) request.add(IFLA_MTU, *change.mtu);
    if (change.address) request.add(IFLA_ADDRESS, *change.address);
    if (change.master) request.add(IFLA_MASTER, *change.master);
    if (change.network) request.add(IFLA_NET_NS_FD, *change.network);
    return request;
}

Request remove(const Link& link) {
    Request request(RTM_DELLINK, Asks::answer, "RTM_DELLINK");
    request.about(link.name.empty() ? interface_name(link.index) : link.name)
        .header(header_of(link));
    if (link.index == 0) request.add_text(IFLA_IFNAME, link.name);
    return request;
}

Result<unsigned> interface_index(std::string_view name) {
    const std::string ended(name);
    const unsigned index = name.find('\0') == name.npos ? ::if_nametoindex(ended.c_str()) : 0;
    if (index != 0) return index;
    return std::unexpected(Error::system(ENODEV, "interface")
                               .about("\"" + ended + "\"")
                               .because("there is no interface of this name"));
}

std::string interface_name(unsigned index) {
    std::array<char, IF_NAMESIZE> name{};
    if (::if_indextoname(index, name.data()) != nullptr) return name.data();
    return "if" + std::to_string(index);
}

}  // namespace fivetuple::netlink
