#pragma once

#include "fivetuple/os/option_forms.h"

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

// Options that only raw sockets have. raw(7), icmp(7)
namespace fivetuple {

/// What is sent begins with its own IPv4 header; the kernel fills in its length and checksum, and
/// its addresses and identification where they are 0. raw(7)
struct HeaderIncluded : Switch<HeaderIncluded, IPPROTO_IP, IP_HDRINCL> {
    static constexpr const char* name = "IP_HDRINCL";
};

/// Which ICMP messages a raw socket does not receive: a bit for each type below 32. icmp(7)
struct IcmpFilter {
    using Raw = std::uint32_t;
    static constexpr int level = 255;  // SOL_RAW
    static constexpr int number = 1;
    static constexpr const char* name = "ICMP_FILTER";

    std::uint32_t blocked = 0;

    /// Receives these types and no others.
    static IcmpFilter only(std::initializer_list<std::uint8_t> types);
    bool passes(std::uint8_t type) const { return type >= 32 || (blocked >> type & 1) == 0; }

    Raw to_raw() const { return blocked; }
    static IcmpFilter from_raw(Raw raw) { return {raw}; }
    /// `passes 0, 3`
    std::string to_string() const;
};

/// The same of ICMPv6, with a bit for each type. RFC 3542 3.2
struct Icmpv6Filter {
    struct Raw {
        std::array<std::uint32_t, 8> blocked;
    };
    static constexpr int level = IPPROTO_ICMPV6;
    static constexpr int number = 1;
    static constexpr const char* name = "ICMP6_FILTER";

    std::array<std::uint32_t, 8> blocked{};

    static Icmpv6Filter only(std::initializer_list<std::uint8_t> types);
    bool passes(std::uint8_t type) const { return (blocked[type / 32] >> type % 32 & 1) == 0; }

    Raw to_raw() const { return {blocked}; }
    static Icmpv6Filter from_raw(const Raw& raw) { return {raw.blocked}; }
    std::string to_string() const;
};

}  // namespace fivetuple
