#pragma once

#include "fivetuple/base/result.h"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fivetuple {

/// An IPv4 address, or an IPv6 address with the interface it is scoped to where it needs one.
class IpAddress {
public:
    using V4Bytes = std::array<std::uint8_t, 4>;
    using V6Bytes = std::array<std::uint8_t, 16>;

    /// 0.0.0.0
    IpAddress() = default;
    explicit IpAddress(V4Bytes bytes);
    /// `scope` is an interface's index, and 0 where the address needs none. ipv6(7)
    explicit IpAddress(const V6Bytes& bytes, std::uint32_t scope = 0);

    static IpAddress any_v4() { return {}; }
    static IpAddress any_v6() { return IpAddress(V6Bytes{}); }
    static IpAddress loopback_v4() { return IpAddress(V4Bytes{127, 0, 0, 1}); }
    static IpAddress loopback_v6();

    /// Reads `10.0.0.1`, `2001:db8::1` or `fe80::1%eth0`, and nothing else: no names, no ports.
    /// Errors: malformed, saying what is wrong with the text. inet_pton(3), RFC 4007
    static Result<IpAddress> parse(std::string_view text);
    /// As RFC 5952 writes it, with `%interface` behind a scoped one.
    std::string to_string() const;

    bool is_v4() const { return is_v4_; }
    bool is_v6() const { return !is_v4_; }
    // A mapped IPv4 address (see unmapped()) is of the kind that the plain one is.
    bool is_unspecified() const;
    bool is_loopback() const;
    bool is_multicast() const;
    bool is_link_local() const;
    /// An IPv4 peer seen through an IPv6 socket (`::ffff:10.0.0.1`) as the IPv4 address it is.
    IpAddress unmapped() const;

    V4Bytes v4_bytes() const;
    const V6Bytes& v6_bytes() const { return bytes_; }
    std::uint32_t scope() const { return scope_; }

    /// IPv4 before IPv6, then by bytes, then by scope.
    friend std::strong_ordering operator<=>(const IpAddress& a, const IpAddress& b);
    friend bool operator==(const IpAddress& a, const IpAddress& b) { return (a <=> b) == 0; }
    std::size_t hash() const;

private:
    V6Bytes bytes_{};  // An IPv4 address is in the first four.
    std::uint32_t scope_ = 0;
    bool is_v4_ = true;
};

}  // namespace fivetuple

template <>
struct std::hash<fivetuple::IpAddress> {
    std::size_t operator()(const fivetuple::IpAddress& address) const { return address.hash(); }
};
