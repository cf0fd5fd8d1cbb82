#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/ip_address.h"
#include "fivetuple/os/netlink/message.h"
#include "fivetuple/os/netlink/request.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fivetuple::netlink {

/// How far an address or a destination reaches. rtnetlink(7)
enum class Scope : std::uint8_t { global = 0, site = 200, link = 253, host = 254, nowhere = 255 };
/// `global`, `link` ...; a number for those between.
std::string to_string(Scope scope);

/// An address of an interface. rtnetlink(7), RTM_GETADDR
struct InterfaceAddress {
    IpAddress address{};      ///< Ours. A link-local one of IPv6 names its interface.
    std::uint8_t prefix = 0;  ///< Bits of it that are the network's.
    unsigned interface = 0;   ///< The number of its link.
    Scope scope = Scope::global;
    std::uint32_t flags = 0;          ///< IFA_F_*: 0x40 while it is not known to be unique.
    std::optional<IpAddress> peer{};  ///< The other end, on a link between two.
    std::optional<IpAddress> broadcast{};
    std::string label{};  ///< Of IPv4: the interface's name, or an alias of it.
    /// How long it may be used, and how long for new connections; nothing is for ever.
    std::optional<std::chrono::seconds> valid{};
    std::optional<std::chrono::seconds> preferred{};

    /// Whether the kernel still asks whether somebody else has it: it cannot be bound to yet.
    bool is_tentative() const;
    /// As ip(8) has it: `inet 10.0.0.1/24 brd 10.0.0.255 scope global v0`
    std::string to_string() const;

    static Request list();
    /// Nothing, where the message is about something else. Errors: malformed.
    static Result<std::optional<InterfaceAddress>> read(const Message& message);
};

/// Errors of asking them: EEXIST, ENODEV, EPERM (CAP_NET_ADMIN is missing); EACCES, where IPv6 is
/// switched off.
Request add(const InterfaceAddress& address);
/// Adds it, or gives the one there is these times and flags.
Request replace(const InterfaceAddress& address);
/// Errors of asking it: EADDRNOTAVAIL, ENODEV, EPERM.
Request remove(const InterfaceAddress& address);

}  // namespace fivetuple::netlink
