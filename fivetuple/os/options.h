#pragma once

#include "fivetuple/os/option.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>

namespace fivetuple {

/// An option that is on or off: a type derived from this names one.
template <class Self, int Level, int Number>
struct Switch {
    using Raw = int;
    static constexpr int level = Level;
    static constexpr int number = Number;
    bool on = true;

    Raw to_raw() const { return on ? 1 : 0; }
    static Self from_raw(Raw raw) { return Self{{raw != 0}}; }
};

/// An option that is a whole number; what it counts is said by the type derived from this.
template <class Self, int Level, int Number>
struct Count {
    using Raw = int;
    static constexpr int level = Level;
    static constexpr int number = Number;
    int value = 0;

    Raw to_raw() const { return value; }
    static Self from_raw(Raw raw) { return Self{{raw}}; }
};

/// An option that is a length of time, which the kernel counts in `Unit`.
template <class Self, int Level, int Number, class Unit>
struct Length {
    using Raw = int;
    static constexpr int level = Level;
    static constexpr int number = Number;
    Unit value{0};

    Raw to_raw() const { return static_cast<Raw>(value.count()); }
    static Self from_raw(Raw raw) { return Self{{Unit(raw)}}; }
};

/// Bind although old connections of the address are still in TIME_WAIT. On by default for our
/// listeners; it counts only when the earlier listener had it too. socket(7)
struct ReuseAddress : Switch<ReuseAddress, SOL_SOCKET, SO_REUSEADDR> {
    static constexpr const char* name = "SO_REUSEADDR";
};

/// Let several listeners share one address; the kernel spreads connections over them. Other
/// processes of the same user can join, too. socket(7)
struct ReusePort : Switch<ReusePort, SOL_SOCKET, SO_REUSEPORT> {
    static constexpr const char* name = "SO_REUSEPORT";
};

/// Probe a silent peer. The kernel's own timing takes two hours; see KeepAliveIdle. socket(7)
struct KeepAlive : Switch<KeepAlive, SOL_SOCKET, SO_KEEPALIVE> {
    static constexpr const char* name = "SO_KEEPALIVE";
};

/// How long a connection is silent before the first probe: 1 s to 32767 s. tcp(7)
struct KeepAliveIdle : Length<KeepAliveIdle, IPPROTO_TCP, TCP_KEEPIDLE, std::chrono::seconds> {
    static constexpr const char* name = "TCP_KEEPIDLE";
};

/// The time from one probe to the next: 1 s to 32767 s. tcp(7)
struct KeepAliveInterval
    : Length<KeepAliveInterval, IPPROTO_TCP, TCP_KEEPINTVL, std::chrono::seconds> {
    static constexpr const char* name = "TCP_KEEPINTVL";
};

/// Unanswered probes after which the connection is given up: 1 to 127. tcp(7)
struct KeepAliveProbes : Count<KeepAliveProbes, IPPROTO_TCP, TCP_KEEPCNT> {
    static constexpr const char* name = "TCP_KEEPCNT";
};

/// Send small segments at once instead of waiting to fill one. On by default for ours. tcp(7)
struct NoDelay : Switch<NoDelay, IPPROTO_TCP, TCP_NODELAY> {
    static constexpr const char* name = "TCP_NODELAY";
};

/// Hold back partial segments, at most 200 ms, until it is switched off. tcp(7)
struct Cork : Switch<Cork, IPPROTO_TCP, TCP_CORK> {
    static constexpr const char* name = "TCP_CORK";
};

/// Acknowledge at once, until the kernel's own judgement switches it back. tcp(7)
struct QuickAck : Switch<QuickAck, IPPROTO_TCP, TCP_QUICKACK> {
    static constexpr const char* name = "TCP_QUICKACK";
};

/// How long sent data may stay unacknowledged before the kernel drops the connection; 0 leaves it
/// to the number of retransmissions. tcp(7)
struct UserTimeout : Length<UserTimeout, IPPROTO_TCP, TCP_USER_TIMEOUT, std::chrono::milliseconds> {
    static constexpr const char* name = "TCP_USER_TIMEOUT";
};

/// Wake the accepting program only when data has come, or after this long. Rounded up to the time
/// of a whole number of SYN-ACK retransmissions. tcp(7)
struct DeferAccept : Length<DeferAccept, IPPROTO_TCP, TCP_DEFER_ACCEPT, std::chrono::seconds> {
    static constexpr const char* name = "TCP_DEFER_ACCEPT";
};

/// Bytes of the receive buffer. The kernel doubles what is asked, and clips it to
/// net.core.rmem_max; setting it switches auto-tuning off. socket(7)
struct ReceiveBuffer : Count<ReceiveBuffer, SOL_SOCKET, SO_RCVBUF> {
    static constexpr const char* name = "SO_RCVBUF";
};

/// Bytes of the send buffer; doubled and clipped as the receive buffer's. socket(7)
struct SendBuffer : Count<SendBuffer, SOL_SOCKET, SO_SNDBUF> {
    static constexpr const char* name = "SO_SNDBUF";
};

/// Keep an IPv6 listener from serving IPv4 as well. Off by default for ours. ipv6(7)
struct V6Only : Switch<V6Only, IPPROTO_IPV6, IPV6_V6ONLY> {
    static constexpr const char* name = "IPV6_V6ONLY";
};

/// Leave the choice of a source port to connect(), so that one source address can use a port for
/// many destinations. ip(7)
struct BindAddressNoPort : Switch<BindAddressNoPort, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT> {
    static constexpr const char* name = "IP_BIND_ADDRESS_NO_PORT";
};

/// What close() does with data not yet sent: `off` leaves it to the kernel (the default),
/// `wait(5s)` blocks, `reset()` throws it away and sends RST, skipping TIME_WAIT. socket(7)
struct Linger {
    using Raw = linger;
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = SO_LINGER;
    static constexpr const char* name = "SO_LINGER";
    bool on = false;
    std::chrono::seconds limit{0};

    static Linger off() { return {}; }
    static Linger wait(std::chrono::seconds limit) { return {true, limit}; }
    static Linger reset() { return {true, std::chrono::seconds(0)}; }

    Raw to_raw() const { return {on ? 1 : 0, static_cast<int>(limit.count())}; }
    static Linger from_raw(Raw raw) {
        return {raw.l_onoff != 0, std::chrono::seconds(raw.l_linger)};
    }
};

/// The error that waits in the socket, as an errno; reading it clears it. socket(7)
struct PendingError {
    using Raw = int;
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = SO_ERROR;
    static constexpr const char* name = "SO_ERROR";
    int code = 0;
    static PendingError from_raw(Raw raw) { return {raw}; }
};

/// Whether the socket listens. socket(7)
struct IsListening {
    using Raw = int;
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = SO_ACCEPTCONN;
    static constexpr const char* name = "SO_ACCEPTCONN";
    bool on = false;
    static IsListening from_raw(Raw raw) { return {raw != 0}; }
};

/// What TCP_INFO says of a listening socket, where two of its fields have another meaning: the
/// connections that wait to be accepted, and how many may. tcp(7)
struct ListenerInfo {
    using Raw = tcp_info;
    static constexpr int level = IPPROTO_TCP;
    static constexpr int number = TCP_INFO;
    static constexpr const char* name = "TCP_INFO";
    unsigned waiting = 0;
    unsigned limit = 0;
    static ListenerInfo from_raw(const Raw& raw) { return {raw.tcpi_unacked, raw.tcpi_sacked}; }
};

/// The address family (AF_INET ...) that the socket was opened with. socket(7)
struct Domain {
    using Raw = int;
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = SO_DOMAIN;
    static constexpr const char* name = "SO_DOMAIN";
    int value = 0;
    static Domain from_raw(Raw raw) { return {raw}; }
};

/// The socket's type (SOCK_STREAM ...). socket(7)
struct Type {
    using Raw = int;
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = SO_TYPE;
    static constexpr const char* name = "SO_TYPE";
    int value = 0;
    static Type from_raw(Raw raw) { return {raw}; }
};

}  // namespace fivetuple
