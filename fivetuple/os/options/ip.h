#pragma once

#include "fivetuple/os/ecn.h"
#include "fivetuple/os/option_forms.h"

#include <netinet/in.h>

#include <cstdint>
#include <string>

// Options of IPv4. Those without an IPv6 twin work on IPv6 sockets as well. ip(7)
namespace fivetuple {

/// The byte of a packet's header that queues look at: its class of service and its mark of
/// congestion. RFC 2474, RFC 3168
struct ServiceByte {
    std::uint8_t dscp = 0;  ///< 0 to 63
    Ecn ecn = Ecn::not_capable;

    static ServiceByte from_byte(int byte) {
        return {static_cast<std::uint8_t>((byte & 0xff) >> 2), static_cast<Ecn>(byte & 3)};
    }
    int to_byte() const { return dscp << 2 | static_cast<int>(ecn); }
    bool operator==(const ServiceByte&) const = default;
    /// `dscp 46, ECT(0)`
    std::string to_string() const;
};

template <class Self, int Level, int Number>
struct ServiceOption {
    using Raw = int;
    static constexpr int level = Level;
    static constexpr int number = Number;
    static constexpr const char* form = "class and mark";
    static constexpr const char* unit = "";
    ServiceByte value;

    Raw to_raw() const { return value.to_byte(); }
    static Self from_raw(Raw raw) { return Self{{ServiceByte::from_byte(raw)}}; }
    Result<void> check() const {
        return check_range({Level, Number, Self::name}, value.dscp, 0, 63, "");
    }
    std::string to_string() const { return value.to_string(); }
    std::int64_t figure() const { return value.to_byte(); }
};

/// Class of service and congestion mark of what is sent. TCP keeps the mark to itself. ip(7)
struct TypeOfService : ServiceOption<TypeOfService, IPPROTO_IP, IP_TOS> {
    static constexpr const char* name = "IP_TOS";
};

/// Routers that a packet may pass: 1 to 255; -1 takes net.ipv4.ip_default_ttl. ip(7)
struct TimeToLive : Count<TimeToLive, IPPROTO_IP, IP_TTL> {
    static constexpr const char* name = "IP_TTL";
    static constexpr const char* unit = "hops";
    static constexpr int least = -1;
    static constexpr int most = 255;
};

/// Leave the choice of a source port to connect(), so that one source address can use a port for
/// many destinations. ip(7)
struct BindAddressNoPort : Switch<BindAddressNoPort, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT> {
    static constexpr const char* name = "IP_BIND_ADDRESS_NO_PORT";
};

/// Bind to an address that no interface has, or has not yet. ip(7)
struct FreeBind : Switch<FreeBind, IPPROTO_IP, IP_FREEBIND> {
    static constexpr const char* name = "IP_FREEBIND";
};

/// Answer for addresses that are not ours, as a transparent proxy; needs CAP_NET_ADMIN or
/// CAP_NET_RAW. ip(7)
struct Transparent : Switch<Transparent, IPPROTO_IP, IP_TRANSPARENT> {
    static constexpr const char* name = "IP_TRANSPARENT";
};

/// Queue the errors that the network reports, with the packet that caused each. ip(7)
struct ReceiveErrors : Switch<ReceiveErrors, IPPROTO_IP, IP_RECVERR> {
    static constexpr const char* name = "IP_RECVERR";
};

/// Tell with each datagram to which address and by which interface it came. ip(7)
struct ReceivePacketInfo : Switch<ReceivePacketInfo, IPPROTO_IP, IP_PKTINFO> {
    static constexpr const char* name = "IP_PKTINFO";
};

/// Tell with each datagram how many hops it had left. ip(7)
struct ReceiveTtl : Switch<ReceiveTtl, IPPROTO_IP, IP_RECVTTL> {
    static constexpr const char* name = "IP_RECVTTL";
};

/// Tell with each datagram its class of service and congestion mark. ip(7)
struct ReceiveTos : Switch<ReceiveTos, IPPROTO_IP, IP_RECVTOS> {
    static constexpr const char* name = "IP_RECVTOS";
};

/// Tell with each datagram the address it was sent to before it was redirected. ip(7)
struct ReceiveOriginalAddress : Switch<ReceiveOriginalAddress, IPPROTO_IP, IP_RECVORIGDSTADDR> {
    static constexpr const char* name = "IP_RECVORIGDSTADDR";
};

/// How a socket finds out the largest packet that gets through. ip(7)
enum class PathMtu : std::uint8_t {
    fragment = 0,   ///< Never forbid fragments.
    by_route = 1,   ///< As the route says; fragment datagrams that are too large.
    forbid = 2,     ///< Always forbid fragments; datagrams that are too large get EMSGSIZE.
    probe = 3,      ///< Forbid fragments, but ignore what is known of the path.
    interface = 4,  ///< Ignore reports of the path, which can be forged; the interface decides.
    omit = 5,       ///< As `interface`, but fragment what is too large for it.
};

inline constexpr const char* kPathMtuWords[] = {"fragment", "by_route",  "forbid",
                                                "probe",    "interface", "omit"};

/// Path MTU discovery. ip(7)
struct MtuDiscovery : Choice<MtuDiscovery, IPPROTO_IP, IP_MTU_DISCOVER, PathMtu> {
    static constexpr const char* name = "IP_MTU_DISCOVER";
    static constexpr const auto& words = kPathMtuWords;
};

/// The largest packet on the path of a connected socket, its header included.
/// Errors of get(): ENOTCONN. ip(7)
struct Mtu : Figure<Mtu, IPPROTO_IP, IP_MTU> {
    static constexpr const char* name = "IP_MTU";
    static constexpr const char* unit = "bytes";
};

/// The lowest number of hops left that a packet may come with: 0 to 255. Peers next door send 255,
/// which nobody further away can. ip(7), RFC 5082
struct MinTtl : Count<MinTtl, IPPROTO_IP, IP_MINTTL> {
    static constexpr const char* name = "IP_MINTTL";
    static constexpr const char* unit = "hops";
    static constexpr int least = 0;
    static constexpr int most = 255;
};

}  // namespace fivetuple
