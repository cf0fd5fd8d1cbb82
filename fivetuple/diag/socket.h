#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/os/ip_address.h"
#include "fivetuple/os/options/socket.h"
#include "fivetuple/os/tcp_info.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fivetuple::diag {

/// What sort of socket it is.
enum class Kind : std::uint8_t {
    tcp,
    udp,
    raw,  ///< Of IP.
    unix_stream,
    unix_datagram,
    unix_seqpacket,
    packet_raw,       ///< Of frames, with their hardware header.
    packet_datagram,  ///< Of frames, without it.
};

/// `tcp`, `unix stream`, `packet raw`.
std::string_view name_of(Kind kind);
constexpr bool is_internet(Kind kind) { return kind <= Kind::raw; }
constexpr bool is_unix(Kind kind) {
    return kind >= Kind::unix_stream && kind <= Kind::unix_seqpacket;
}
constexpr bool is_packet(Kind kind) { return kind >= Kind::packet_raw; }

/// An end of a socket of the Internet. Of a raw socket the port is the number of its protocol.
struct EndPoint {
    IpAddress ip;
    std::uint16_t port = 0;

    /// `10.0.0.1:80`, `[2001:db8::1]:80`; `*` stands for every address and for no port.
    std::string to_string() const;
    friend bool operator==(const EndPoint&, const EndPoint&) = default;
};

/// The timer that a TCP socket waits for.
struct SocketTimer {
    enum class What : std::uint8_t { retransmission = 1, keepalive = 2, time_wait = 3, probe = 4 };

    What what{};
    std::chrono::milliseconds left{};
    std::uint8_t tries = 0;  ///< Retransmissions, or probes that nobody has answered.
};
/// `retransmission`, `keepalive`, `time-wait`, `probe` (of a zero window).
std::string_view name_of(SocketTimer::What what);

/// What BBR knows of the path.
struct BbrInfo {
    std::uint64_t bandwidth = 0;  ///< Bytes a second.
    std::chrono::microseconds least_round_trip{};
    double pacing_gain = 0;
    double window_gain = 0;
};

/// Flags of a socket that options have set. Linux 5.8.
struct SocketFlags {
    bool receives_errors = false;        ///< IP_RECVERR
    bool binds_freely = false;           ///< IP_FREEBIND
    bool includes_header = false;        ///< IP_HDRINCL
    bool is_transparent = false;         ///< IP_TRANSPARENT
    bool is_bound_without_port = false;  ///< IP_BIND_ADDRESS_NO_PORT
    bool defers_connect = false;         ///< Fast open: the SYN waits for the first bytes.
};

/// A socket as the kernel tells it. Texts and bytes are views of what was received: they are valid
/// while the socket is shown, not later. What this kernel does not tell, or was not asked for, is
/// empty. sock_diag(7)
struct SeenSocket {
    Kind kind = Kind::tcp;
    TcpState state = TcpState::closed;
    std::uint64_t cookie = 0;     ///< Which no other socket of this boot has; SO_COOKIE.
    std::uint32_t inode = 0;      ///< Of the descriptor; 0 where no process holds it.
    std::uint32_t interface = 0;  ///< That it is bound to, and 0.
    std::optional<std::uint32_t> user;

    /// Bytes not read yet; a listener's: connections that wait to be accepted.
    std::optional<std::uint32_t> receive_queue;
    /// Bytes not acknowledged yet; a listener's: how many may wait.
    std::optional<std::uint32_t> send_queue;

    EndPoint local;  ///< Of sockets of the Internet, as the next.
    EndPoint peer;
    std::optional<SocketTimer> timer;

    std::optional<MemoryInfo> memory;
    std::string_view congestion_control;
    Bytes tcp_info_bytes;
    std::optional<BbrInfo> bbr;
    std::optional<std::uint8_t> service_byte;   ///< IP_TOS
    std::optional<std::uint8_t> traffic_class;  ///< IPV6_TCLASS
    std::optional<std::uint32_t> priority;      ///< SO_PRIORITY, or the class by its cgroup.
    std::optional<std::uint32_t> mark;          ///< SO_MARK; told to CAP_NET_ADMIN only.
    std::optional<std::uint64_t> cgroup;        ///< The inode of its folder in cgroup v2.
    std::optional<bool> is_shut_for_reading;
    std::optional<bool> is_shut_for_writing;
    std::optional<bool> is_only_v6;
    std::optional<SocketFlags> flags;
    std::string_view upper_layer;   ///< `mptcp`, `tls`: the protocol put on top of TCP.
    std::uint8_t raw_protocol = 0;  ///< Of a raw socket; 255 sends any.

    std::string_view unix_name;  ///< A path, or an abstract name without its zero byte.
    bool is_abstract = false;
    std::optional<std::uint32_t> peer_inode;      ///< Of the Unix socket at the other end.
    std::optional<std::uint32_t> pending;         ///< Connections that wait to be accepted.
    std::optional<std::uint32_t> file_inode;      ///< Of a path's file.
    std::optional<std::uint16_t> frame_protocol;  ///< Of a packet socket: 0x800; 3 takes all.

    bool is_mptcp() const { return upper_layer == "mptcp"; }
    /// All about a TCP connection. Empty where it was not asked for or not told, as of time-wait.
    std::optional<TcpInfo> tcp_info() const;
    /// A listener's: how many connections wait to be accepted, and how many may.
    struct AcceptQueue {
        std::uint32_t waiting = 0;
        std::uint32_t most = 0;
        bool is_full() const { return waiting > most; }
    };
    std::optional<AcceptQueue> accept_queue() const;
    /// `10.0.0.1:80`, a path, `@name`, `*` where it has none.
    std::string local_text() const;
    std::string peer_text() const;
};

}  // namespace fivetuple::diag
