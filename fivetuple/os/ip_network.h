#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/ip_address.h"

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

namespace fivetuple {

/// Addresses that begin with the same bits: `10.0.0.0/8`, `2001:db8::/32`. RFC 4632, RFC 4291
class IpNetwork {
public:
    /// The network of `prefix` bits (at most 32, or 128) that `member` lies in. A mapped IPv4
    /// address (::ffff:10.0.0.1) with at least 96 bits makes a network of IPv4; scopes are left
    /// out.
    IpNetwork(const IpAddress& member, unsigned prefix);
    /// All of IPv4: 0.0.0.0/0
    IpNetwork() = default;

    /// Reads `10.0.0.0/8`, and a lone address as the network of only that one.
    /// Errors: malformed, where it is none, or has bits behind its prefix: 10.0.0.1/8 is refused,
    /// as it may be meant to be 10.0.0.1 or 10.0.0.0/8.
    static Result<IpNetwork> parse(std::string_view text);
    /// What parse() reads back as the same network; always with its prefix.
    std::string to_string() const;

    /// Whether the address is one of these. A mapped IPv4 address is the IPv4 address that it is,
    /// and lies in networks of IPv4 only.
    bool contains(const IpAddress& address) const;
    /// Whether all of the other network lies in this one.
    bool contains(const IpNetwork& other) const;

    const IpAddress& first() const { return first_; }
    IpAddress last() const;
    unsigned prefix() const { return prefix_; }
    bool is_v4() const { return first_.is_v4(); }

    /// IPv4 before IPv6, then by the first address; of two with the same one the wider first.
    friend std::strong_ordering operator<=>(const IpNetwork&, const IpNetwork&) = default;
    std::size_t hash() const { return first_.hash() * 31 + prefix_; }

private:
    IpAddress first_;
    unsigned prefix_ = 0;
};

}  // namespace fivetuple

template <>
struct std::hash<fivetuple::IpNetwork> {
    std::size_t operator()(const fivetuple::IpNetwork& network) const { return network.hash(); }
};
