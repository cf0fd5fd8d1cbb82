#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/ip_address.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
// It wants sys/socket.h before it.
#include <linux/vm_sockets.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fivetuple {

/// The kinds of address a socket can have here. address_families(7)
enum class Family : std::uint8_t { none, ipv4, ipv6, unix_domain, vsock };

/// Where a socket is or connects to: an IP address and port, a name in the Unix domain, or a port
/// of a virtual machine or its host. Byte order never shows.
class SocketAddress {
public:
    /// Of no family; equal only to itself.
    SocketAddress();
    /// Port 0, where it is bound, lets the kernel choose one.
    SocketAddress(const IpAddress& ip, std::uint16_t port);

    /// A socket in the file system. Errors: limit, where the path is over 107 bytes; malformed,
    /// where it is empty or holds a zero byte. unix(7)
    static Result<SocketAddress> unix_path(std::string_view path);
    /// A socket in the abstract namespace; the name may hold any bytes. Errors: limit over 107.
    static Result<SocketAddress> unix_abstract(std::string_view name);
    /// What the kernel says of a socket that has no name, as both ends of a socketpair.
    static SocketAddress unix_unnamed();

    /// A port of a machine that is known by its number: a virtual one, or its host. Port 0, where
    /// it is bound, lets the kernel choose one. vsock(7)
    static SocketAddress vsock(std::uint32_t cid, std::uint32_t port);
    static constexpr std::uint32_t kAnyCid = UINT32_MAX;  ///< To listen to: every machine.
    static constexpr std::uint32_t kLocalCid = 1;         ///< This machine itself.
    static constexpr std::uint32_t kHostCid = 2;          ///< The host of this virtual machine.

    /// Reads `10.0.0.1:80`, `[2001:db8::1]:80`, `[fe80::1%eth0]:80`, `*:80` (every address, IPv4
    /// and IPv6), `localhost:80` (127.0.0.1), `unix:/path`, `/path`, `./path`, `unix:@name` and
    /// `@name` (abstract); `vsock:3:1234`, `vsock:*:1234` (any machine), `vsock:local:1234` and
    /// `vsock:host:1234`. Other names are not looked up.
    /// Errors: malformed or limit, saying what is wrong with the text.
    static Result<SocketAddress> parse(std::string_view text);
    /// What parse() reads back as the same address.
    std::string to_string() const;

    /// What a system call filled in. Errors: malformed, for a family or length it cannot be.
    static Result<SocketAddress> from_raw(const sockaddr* raw, socklen_t size);
    const sockaddr* raw() const { return &raw_.any; }
    socklen_t raw_size() const { return size_; }

    Family family() const;
    bool is_ip() const { return family() == Family::ipv4 || family() == Family::ipv6; }
    bool is_unix() const { return family() == Family::unix_domain; }
    bool is_vsock() const { return family() == Family::vsock; }

    /// Of an IP address only; 0.0.0.0 and 0 for others.
    IpAddress ip() const;
    std::uint16_t port() const;
    /// The same address with another port.
    SocketAddress with_port(std::uint16_t port) const;

    /// Of a vsock address only, and 0 for others; the port is 0 where the kernel is to choose.
    std::uint32_t cid() const;
    std::uint32_t vsock_port() const;

    /// Of a Unix address only: its path, or its abstract name without the leading zero byte.
    std::string_view unix_name() const;
    bool is_abstract() const;
    bool is_unnamed() const;

    friend std::strong_ordering operator<=>(const SocketAddress& a, const SocketAddress& b);
    friend bool operator==(const SocketAddress& a, const SocketAddress& b) {
        return (a <=> b) == 0;
    }
    std::size_t hash() const;

private:
    union {
        sockaddr any;
        sockaddr_in v4;
        sockaddr_in6 v6;
        sockaddr_un un;
        sockaddr_vm vm;
    } raw_;
    socklen_t size_;
};

}  // namespace fivetuple

template <>
struct std::hash<fivetuple::SocketAddress> {
    std::size_t operator()(const fivetuple::SocketAddress& address) const { return address.hash(); }
};
