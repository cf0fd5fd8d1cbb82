#pragma once

#include "fivetuple/os/option_forms.h"
#include "fivetuple/os/options/ip.h"

#include <netinet/in.h>

// Options of IPv6. ipv6(7)
namespace fivetuple {

/// Keep an IPv6 listener from serving IPv4 as well. Off by default for ours. ipv6(7)
struct V6Only : Switch<V6Only, IPPROTO_IPV6, IPV6_V6ONLY> {
    static constexpr const char* name = "IPV6_V6ONLY";
};

/// Routers that a packet may pass: 0 to 255; -1 takes the interface's setting. ipv6(7)
struct V6UnicastHops : Count<V6UnicastHops, IPPROTO_IPV6, IPV6_UNICAST_HOPS> {
    static constexpr const char* name = "IPV6_UNICAST_HOPS";
    static constexpr const char* unit = "hops";
    static constexpr int least = -1;
    static constexpr int most = 255;
};

/// Class of service and congestion mark of what is sent. TCP keeps the mark to itself. RFC 3542
struct V6TrafficClass : ServiceOption<V6TrafficClass, IPPROTO_IPV6, IPV6_TCLASS> {
    static constexpr const char* name = "IPV6_TCLASS";
};

/// Bind to an address that no interface has, or has not yet. ipv6(7)
struct V6FreeBind : Switch<V6FreeBind, IPPROTO_IPV6, IPV6_FREEBIND> {
    static constexpr const char* name = "IPV6_FREEBIND";
};

/// Answer for addresses that are not ours, as a transparent proxy; needs CAP_NET_ADMIN or
/// CAP_NET_RAW. ip(7)
struct V6Transparent : Switch<V6Transparent, IPPROTO_IPV6, IPV6_TRANSPARENT> {
    static constexpr const char* name = "IPV6_TRANSPARENT";
};

/// Queue the errors that the network reports, with the packet that caused each. ipv6(7)
struct V6ReceiveErrors : Switch<V6ReceiveErrors, IPPROTO_IPV6, IPV6_RECVERR> {
    static constexpr const char* name = "IPV6_RECVERR";
};

/// Tell with each datagram to which address and by which interface it came. RFC 3542
struct V6ReceivePacketInfo : Switch<V6ReceivePacketInfo, IPPROTO_IPV6, IPV6_RECVPKTINFO> {
    static constexpr const char* name = "IPV6_RECVPKTINFO";
};

/// Tell with each datagram how many hops it had left. RFC 3542
struct V6ReceiveHopLimit : Switch<V6ReceiveHopLimit, IPPROTO_IPV6, IPV6_RECVHOPLIMIT> {
    static constexpr const char* name = "IPV6_RECVHOPLIMIT";
};

/// Tell with each datagram its class of service and congestion mark. RFC 3542
struct V6ReceiveTrafficClass : Switch<V6ReceiveTrafficClass, IPPROTO_IPV6, IPV6_RECVTCLASS> {
    static constexpr const char* name = "IPV6_RECVTCLASS";
};

/// Tell with each datagram the address it was sent to before it was redirected. ip(7)
struct V6ReceiveOriginalAddress
    : Switch<V6ReceiveOriginalAddress, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR> {
    static constexpr const char* name = "IPV6_RECVORIGDSTADDR";
};

/// Path MTU discovery. ipv6(7)
struct V6MtuDiscovery : Choice<V6MtuDiscovery, IPPROTO_IPV6, IPV6_MTU_DISCOVER, PathMtu> {
    static constexpr const char* name = "IPV6_MTU_DISCOVER";
    static constexpr const auto& words = kPathMtuWords;
};

/// The largest packet on the path of a connected socket, its header included. Set: the largest that
/// is to be sent, from 1280 bytes on; 0 takes the path's. Errors of get(): ENOTCONN. ipv6(7)
struct V6Mtu : Count<V6Mtu, IPPROTO_IPV6, IPV6_MTU> {
    static constexpr const char* name = "IPV6_MTU";
    static constexpr const char* unit = "bytes";
};

/// Refuse datagrams that would have to be sent in fragments. RFC 3542
struct V6DontFragment : Switch<V6DontFragment, IPPROTO_IPV6, IPV6_DONTFRAG> {
    static constexpr const char* name = "IPV6_DONTFRAG";
};

/// The lowest number of hops left that a packet may come with: 0 to 255. RFC 5082
struct V6MinHops : Count<V6MinHops, IPPROTO_IPV6, IPV6_MINHOPCOUNT> {
    static constexpr const char* name = "IPV6_MINHOPCOUNT";
    static constexpr const char* unit = "hops";
    static constexpr int least = 0;
    static constexpr int most = 255;
};

}  // namespace fivetuple
