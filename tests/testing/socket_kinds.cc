#include "tests/testing/socket_kinds.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

namespace fivetuple::testing_help {
namespace {

struct Raw {
    SocketKind kind;
    int domain;
    int type;
    int protocol;
};

constexpr Raw kKinds[] = {
    {SocketKind::tcp_v4, AF_INET, SOCK_STREAM, 0},
    {SocketKind::tcp_v6, AF_INET6, SOCK_STREAM, 0},
    {SocketKind::udp_v4, AF_INET, SOCK_DGRAM, 0},
    {SocketKind::udp_v6, AF_INET6, SOCK_DGRAM, 0},
    {SocketKind::unix_stream, AF_UNIX, SOCK_STREAM, 0},
    {SocketKind::unix_datagram, AF_UNIX, SOCK_DGRAM, 0},
    {SocketKind::unix_seqpacket, AF_UNIX, SOCK_SEQPACKET, 0},
    {SocketKind::raw_v4, AF_INET, SOCK_RAW, IPPROTO_ICMP},
    {SocketKind::raw_v6, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6},
    {SocketKind::packet, AF_PACKET, SOCK_RAW, 0},
    {SocketKind::netlink, AF_NETLINK, SOCK_RAW, 0},
    {SocketKind::vsock, AF_VSOCK, SOCK_STREAM, 0},
    {SocketKind::mptcp_v4, AF_INET, SOCK_STREAM, IPPROTO_MPTCP},
    {SocketKind::mptcp_v6, AF_INET6, SOCK_STREAM, IPPROTO_MPTCP},
};

const Raw& raw_of(SocketKind kind) {
    for (const Raw& each : kKinds) {
        if (each.kind == kind) return each;
    }
    return kKinds[0];
}

SocketAddress loopback(const Raw& raw) {
    return {raw.domain == AF_INET6 ? IpAddress::loopback_v6() : IpAddress::loopback_v4(), 0};
}

std::optional<std::pair<Socket, Socket>> unix_pair(const Raw& raw) {
    std::array<int, 2> ends{};
    if (::socketpair(raw.domain, raw.type | SOCK_CLOEXEC, 0, ends.data()) != 0) return std::nullopt;
    return std::pair(Socket(Fd(ends[0])), Socket(Fd(ends[1])));
}

std::optional<std::pair<Socket, Socket>> stream_pair(const Raw& raw) {
    auto listener = open_kind(raw.kind);
    auto client = open_kind(raw.kind);
    if (!listener || !client) return std::nullopt;
    if (!listener->bind(loopback(raw)) || !listener->listen()) return std::nullopt;
    const auto at = listener->local_address();
    if (!at || !client->connect(*at)) return std::nullopt;
    auto server = listener->accept();
    if (!server) return std::nullopt;
    return std::pair(*std::move(client), *std::move(server));
}

std::optional<std::pair<Socket, Socket>> datagram_pair(const Raw& raw) {
    auto one = open_kind(raw.kind);
    auto other = open_kind(raw.kind);
    if (!one || !other) return std::nullopt;
    if (!one->bind(loopback(raw)) || !other->bind(loopback(raw))) return std::nullopt;
    const auto at = one->local_address();
    const auto there = other->local_address();
    if (!at || !there || !one->connect(*there) || !other->connect(*at)) return std::nullopt;
    return std::pair(*std::move(one), *std::move(other));
}

}  // namespace

std::vector<SocketKind> every_socket_kind() {
    std::vector<SocketKind> kinds;
    kinds.reserve(std::size(kKinds));
    for (const Raw& each : kKinds) kinds.push_back(each.kind);
    return kinds;
}

std::optional<Socket> open_kind(SocketKind kind) {
    const Raw& raw = raw_of(kind);
    Fd opened(::socket(raw.domain, raw.type | SOCK_CLOEXEC, raw.protocol));
    if (!opened) return std::nullopt;
    return Socket(std::move(opened));
}

std::optional<std::pair<Socket, Socket>> connected_kind(SocketKind kind) {
    const Raw& raw = raw_of(kind);
    if (kUnix.has(kind)) return unix_pair(raw);
    if ((kTcp | kMptcp).has(kind)) return stream_pair(raw);
    if (kUdp.has(kind)) return datagram_pair(raw);
    auto only = open_kind(kind);
    if (!only) return std::nullopt;
    return std::pair(*std::move(only), Socket());
}

}  // namespace fivetuple::testing_help
