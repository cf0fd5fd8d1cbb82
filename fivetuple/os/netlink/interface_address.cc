#include "fivetuple/os/netlink/interface_address.h"

#include "fivetuple/os/netlink/link.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace fivetuple::netlink {
namespace {

constexpr std::uint32_t kForEver = UINT32_MAX;

std::optional<std::chrono::seconds> limit_of(std::uint32_t seconds) {
    if (seconds == kForEver) return std::nullopt;
    return std::chrono::seconds(seconds);
}

std::uint32_t raw_limit(std::optional<std::chrono::seconds> limit) {
    if (!limit || limit->count() >= kForEver) return kForEver;
    return static_cast<std::uint32_t>(std::max<std::int64_t>(limit->count(), 0));
}

struct RawAddresses {
    std::optional<IpAddress> local;
    std::optional<IpAddress> address;
};

Result<void> read_into(const Attribute& attribute, unsigned interface,
                       std::optional<IpAddress>& into) {
    IpAddress address;
    FT_TRY_VOID(attribute.read(address, interface));
    into = address;
    return {};
}

Result<void> read_attribute(const Attribute& attribute, InterfaceAddress& found,
                            RawAddresses& raw) {
    switch (attribute.type) {
        case IFA_LOCAL:
            return read_into(attribute, found.interface, raw.local);
        case IFA_ADDRESS:
            return read_into(attribute, found.interface, raw.address);
        case IFA_BROADCAST:
            return read_into(attribute, found.interface, found.broadcast);
        case IFA_LABEL:
            return attribute.read(found.label);
        case IFA_FLAGS:
            return attribute.read(found.flags);
        case IFA_CACHEINFO: {
            ifa_cacheinfo times{};
            FT_TRY_VOID(attribute.read_front(times));
            found.valid = limit_of(times.ifa_valid);
            found.preferred = limit_of(times.ifa_prefered);
            return {};
        }
        default:
            return {};
    }
}

Request request_for(std::uint16_t type, Asks asks, const char* call,
                    const InterfaceAddress& address) {
    Request request(type, asks, call);
    ifaddrmsg header{};
    header.ifa_family = address.address.is_v4() ? AF_INET : AF_INET6;
    header.ifa_prefixlen = address.prefix;
    header.ifa_scope = static_cast<std::uint8_t>(address.scope);
    header.ifa_index = address.interface;
    request.about(address.address.to_string() + "/" + std::to_string(address.prefix))
        .header(header)
        .add(IFA_LOCAL, address.address)
        .add(IFA_ADDRESS, address.peer.value_or(address.address));
    return request;
}

Request with_details(Request request, const InterfaceAddress& address) {
    if (address.broadcast) request.add(IFA_BROADCAST, *address.broadcast);
    if (!address.label.empty()) request.add_text(IFA_LABEL, address.label);
    if (address.flags != 0) request.add(IFA_FLAGS, address.flags);
    if (address.valid || address.preferred) {
        ifa_cacheinfo times{};
        times.ifa_valid = raw_limit(address.valid);
        times.ifa_prefered = raw_limit(address.preferred);
        request.add_structure(IFA_CACHEINFO, times);
    }
    return request;
}

}  // namespace

std::string to_string(Scope scope) {
    switch (scope) {
        case Scope::global:
            return "global";
        case Scope::site:
            return "site";
        case Scope::link:
            return "link";
        case Scope::host:
            return "host";
        case Scope::nowhere:
            return "nowhere";
    }
    return std::to_string(static_cast<int>(scope));
}

bool InterfaceAddress::is_tentative() const { return (flags & IFA_F_TENTATIVE) != 0; }

std::string InterfaceAddress::to_string() const {
    std::string text = (address.is_v4() ? "inet " : "inet6 ") + address.to_string();
    if (peer) text += " peer " + peer->to_string();
    text += "/" + std::to_string(prefix);
    if (broadcast) text += " brd " + broadcast->to_string();
    text += " scope " + netlink::to_string(scope) + " ";
    text += label.empty() ? interface_name(interface) : label;
    if (is_tentative()) text += " tentative";
    if ((flags & IFA_F_DADFAILED) != 0) text += " dadfailed";
    if (valid) text += " valid " + std::to_string(valid->count()) + "s";
    return text;
}

Request InterfaceAddress::list() {
    Request request(RTM_GETADDR, Asks::dump, "RTM_GETADDR");
    request.header(ifaddrmsg{});
    return request;
}

Result<std::optional<InterfaceAddress>> InterfaceAddress::read(const Message& message) {
    if (message.type != RTM_NEWADDR && message.type != RTM_DELADDR) return std::nullopt;
    ifaddrmsg header{};
    FT_TRY_VOID(message.read(header));
    if (header.ifa_family != AF_INET && header.ifa_family != AF_INET6) return std::nullopt;
    InterfaceAddress found;
    RawAddresses raw;
    found.prefix = header.ifa_prefixlen;
    found.interface = header.ifa_index;
    found.scope = static_cast<Scope>(header.ifa_scope);
    found.flags = header.ifa_flags;
    FT_TRY_VOID(for_each(message.attributes(sizeof header),
                         [&](const Attribute& each) { return read_attribute(each, found, raw); }));
    // Of a link between two, the one called local is ours and the other is the peer's.
    if (!raw.local && !raw.address) {
        return std::unexpected(Error::malformed("netlink", "an address has no address"));
    }
    found.address = raw.local ? *raw.local : *raw.address;
    if (raw.local && raw.address && *raw.address != *raw.local) found.peer = raw.address;
    return found;
}

Request add(const InterfaceAddress& address) {
    return with_details(request_for(RTM_NEWADDR, Asks::create, "RTM_NEWADDR", address), address);
}

Request replace(const InterfaceAddress& address) {
    return with_details(request_for(RTM_NEWADDR, Asks::replace, "RTM_NEWADDR", address), address);
}

Request remove(const InterfaceAddress& address) {
    return request_for(RTM_DELADDR, Asks::answer, "RTM_DELADDR", address);
}

}  // namespace fivetuple::netlink
