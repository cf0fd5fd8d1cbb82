#pragma once

#include "fivetuple/os/ip_address.h"
#include "fivetuple/os/option.h"

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>

namespace fivetuple {

/// Sign every segment to and from a peer with a shared secret, and drop those that lack it: for the
/// long sessions of routers. To be set before connecting or listening; the port does not count. On
/// an IPv6 socket an IPv4 peer is its mapped address.
/// Errors: EINVAL for a secret over 80 bytes or a prefix that is too long; ENOENT, where one that
/// is to be removed is not there; ENOPROTOOPT, where the kernel has it not. tcp(7), RFC 2385
struct TcpMd5Key {
    static constexpr OptionKey key{IPPROTO_TCP, 14, "TCP_MD5SIG"};
    /// Used where the secret is for a whole network, or for one interface only.
    static constexpr OptionKey extended_key{IPPROTO_TCP, 32, "TCP_MD5SIG_EXT"};
    static constexpr const char* form = "structure";
    static constexpr const char* unit = "";

    IpAddress peer;
    /// At most 80 bytes; empty removes the secret that the peer has.
    std::string secret;
    /// For all addresses that share so many bits with `peer`.
    std::optional<std::uint8_t> prefix_bits = std::nullopt;
    /// For what comes by this interface (a VRF's) only.
    std::optional<std::uint32_t> interface = std::nullopt;

    const OptionKey& used_key() const { return prefix_bits || interface ? extended_key : key; }
    Result<void> write_to(OptionAccess socket) const;
    /// Does not disclose the secret.
    std::string to_string() const;
};

}  // namespace fivetuple
