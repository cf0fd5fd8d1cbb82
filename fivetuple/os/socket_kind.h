#pragma once

#include "fivetuple/os/option.h"

#include <cstdint>
#include <string>

namespace fivetuple {

/// The kinds of socket that differ in their options: a family and a protocol each.
enum class SocketKind : std::uint16_t {
    other = 0,
    tcp_v4 = 1 << 0,
    tcp_v6 = 1 << 1,
    udp_v4 = 1 << 2,
    udp_v6 = 1 << 3,
    unix_stream = 1 << 4,
    unix_datagram = 1 << 5,
    unix_seqpacket = 1 << 6,
    raw_v4 = 1 << 7,
    raw_v6 = 1 << 8,
    packet = 1 << 9,
    netlink = 1 << 10,
    vsock = 1 << 11,
    mptcp_v4 = 1 << 12,
    mptcp_v6 = 1 << 13,
};

/// Several of them.
class SocketKinds {
public:
    constexpr SocketKinds() = default;
    constexpr SocketKinds(SocketKind kind) : bits_(static_cast<std::uint16_t>(kind)) {}
    constexpr bool has(SocketKind kind) const {
        return (bits_ & static_cast<std::uint16_t>(kind)) != 0;
    }
    constexpr bool has_all(SocketKinds kinds) const { return (bits_ & kinds.bits_) == kinds.bits_; }
    friend constexpr SocketKinds operator|(SocketKinds a, SocketKinds b) {
        a.bits_ |= b.bits_;
        return a;
    }
    friend constexpr SocketKinds operator&(SocketKinds a, SocketKinds b) {
        a.bits_ &= b.bits_;
        return a;
    }
    constexpr bool operator==(const SocketKinds&) const = default;
    constexpr bool empty() const { return bits_ == 0; }
    /// `TCP, UDP over IPv4`; `every kind`
    std::string to_string() const;

private:
    std::uint16_t bits_ = 0;
};

constexpr SocketKinds operator|(SocketKind a, SocketKind b) {
    return SocketKinds(a) | SocketKinds(b);
}

inline constexpr SocketKinds kTcp = SocketKind::tcp_v4 | SocketKind::tcp_v6;
inline constexpr SocketKinds kUdp = SocketKind::udp_v4 | SocketKind::udp_v6;
inline constexpr SocketKinds kRawIp = SocketKind::raw_v4 | SocketKind::raw_v6;
inline constexpr SocketKinds kUnix =
    SocketKind::unix_stream | SocketKind::unix_datagram | SocketKind::unix_seqpacket;
inline constexpr SocketKinds kMptcp = SocketKind::mptcp_v4 | SocketKind::mptcp_v6;
inline constexpr SocketKinds kIp = kTcp | kUdp | kRawIp;
inline constexpr SocketKinds kIpV6 = SocketKind::tcp_v6 | SocketKind::udp_v6 | SocketKind::raw_v6;
inline constexpr SocketKinds kEveryKind =
    kIp | kUnix | kMptcp | SocketKind::packet | SocketKind::netlink | SocketKind::vsock;

/// What kind a socket is, by what it says itself; `other` where it does not say.
SocketKind kind_of(OptionAccess socket);
/// The same by the kernel's numbers. socket(2)
SocketKind kind_of(int domain, int type, int protocol);

/// `a UDP socket over IPv6`
std::string to_string(SocketKind kind);

}  // namespace fivetuple
