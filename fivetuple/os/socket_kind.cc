#include "fivetuple/os/socket_kind.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace fivetuple {
namespace {

#ifndef IPPROTO_MPTCP
constexpr int IPPROTO_MPTCP = 262;
#endif

struct Named {
    SocketKinds kinds;
    const char* name;
};

// The first that are all there are named together.
constexpr Named kGroups[] = {
    {kTcp, "TCP"},
    {SocketKind::tcp_v4, "TCP over IPv4"},
    {SocketKind::tcp_v6, "TCP over IPv6"},
    {kUdp, "UDP"},
    {SocketKind::udp_v4, "UDP over IPv4"},
    {SocketKind::udp_v6, "UDP over IPv6"},
    {kRawIp, "raw IP"},
    {SocketKind::raw_v4, "raw IPv4"},
    {SocketKind::raw_v6, "raw IPv6"},
    {kMptcp, "MPTCP"},
    {SocketKind::mptcp_v4, "MPTCP over IPv4"},
    {SocketKind::mptcp_v6, "MPTCP over IPv6"},
    {kUnix, "Unix"},
    {SocketKind::unix_stream, "Unix stream"},
    {SocketKind::unix_datagram, "Unix datagram"},
    {SocketKind::unix_seqpacket, "Unix seqpacket"},
    {SocketKind::packet, "packet"},
    {SocketKind::netlink, "netlink"},
    {SocketKind::vsock, "vsock"},
};

int asked(OptionAccess socket, int number) {
    int value = -1;
    const auto size =
        socket.get_option(SOL_SOCKET, number, std::as_writable_bytes(std::span(&value, 1)));
    return size && *size == sizeof value ? value : -1;
}

}  // namespace

SocketKind kind_of(int domain, int type, int protocol) {
    const bool is_v6 = domain == AF_INET6;
    switch (domain) {
        case AF_INET:
        case AF_INET6:
            if (type == SOCK_RAW) return is_v6 ? SocketKind::raw_v6 : SocketKind::raw_v4;
            if (protocol == IPPROTO_TCP) return is_v6 ? SocketKind::tcp_v6 : SocketKind::tcp_v4;
            if (protocol == IPPROTO_UDP) return is_v6 ? SocketKind::udp_v6 : SocketKind::udp_v4;
            if (protocol == IPPROTO_MPTCP) {
                return is_v6 ? SocketKind::mptcp_v6 : SocketKind::mptcp_v4;
            }
            return SocketKind::other;
        case AF_UNIX:
            if (type == SOCK_STREAM) return SocketKind::unix_stream;
            if (type == SOCK_DGRAM) return SocketKind::unix_datagram;
            return SocketKind::unix_seqpacket;
        case AF_PACKET:
            return SocketKind::packet;
        case AF_NETLINK:
            return SocketKind::netlink;
        case AF_VSOCK:
            return SocketKind::vsock;
        default:
            return SocketKind::other;
    }
}

SocketKind kind_of(OptionAccess socket) {
    return kind_of(asked(socket, SO_DOMAIN), asked(socket, SO_TYPE), asked(socket, SO_PROTOCOL));
}

std::string to_string(SocketKind kind) {
    for (const Named& each : kGroups) {
        if (each.kinds == SocketKinds(kind)) {
            std::string name = each.name;
            // `TCP over IPv4` is `a TCP socket over IPv4`.
            const auto over = name.find(" over ");
            name.insert(over == name.npos ? name.size() : over, " socket");
            return "a " + name;
        }
    }
    return "a socket of this kind";
}

std::string SocketKinds::to_string() const {
    if (*this == kEveryKind) return "every kind";
    std::string text;
    SocketKinds named;
    for (const Named& each : kGroups) {
        if (!has_all(each.kinds) || named.has_all(each.kinds)) continue;
        text += (text.empty() ? "" : ", ") + std::string(each.name);
        named = named | each.kinds;
    }
    return text.empty() ? "none" : text;
}

}  // namespace fivetuple
