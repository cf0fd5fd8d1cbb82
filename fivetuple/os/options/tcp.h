#pragma once

#include "fivetuple/os/option_forms.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

// Options of TCP. tcp(7)
namespace fivetuple {

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

/// How long a connection is silent before the first probe: 1 s to 32767 s. tcp(7)
struct KeepAliveIdle : Length<KeepAliveIdle, IPPROTO_TCP, TCP_KEEPIDLE, std::chrono::seconds> {
    static constexpr const char* name = "TCP_KEEPIDLE";
    static constexpr int least = 1;
    static constexpr int most = 32767;
};

/// The time from one probe to the next: 1 s to 32767 s. tcp(7)
struct KeepAliveInterval
    : Length<KeepAliveInterval, IPPROTO_TCP, TCP_KEEPINTVL, std::chrono::seconds> {
    static constexpr const char* name = "TCP_KEEPINTVL";
    static constexpr int least = 1;
    static constexpr int most = 32767;
};

/// Unanswered probes after which the connection is given up: 1 to 127. tcp(7)
struct KeepAliveProbes : Count<KeepAliveProbes, IPPROTO_TCP, TCP_KEEPCNT> {
    static constexpr const char* name = "TCP_KEEPCNT";
    static constexpr const char* unit = "probes";
    static constexpr int least = 1;
    static constexpr int most = 127;
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

/// Bytes of a segment's payload at most, to be set before connecting or listening. Read from a
/// connection: what it sends at most now. tcp(7)
struct MaxSegment : Count<MaxSegment, IPPROTO_TCP, TCP_MAXSEG> {
    static constexpr const char* name = "TCP_MAXSEG";
    static constexpr const char* unit = "bytes";
    static constexpr int least = 88;
    static constexpr int most = 32767;
};

/// The congestion control algorithm, by name. Those that
/// net.ipv4.tcp_allowed_congestion_control does not list need CAP_NET_ADMIN. tcp(7)
struct CongestionControl : Name<CongestionControl, IPPROTO_TCP, TCP_CONGESTION> {
    static constexpr const char* name = "TCP_CONGESTION";
};

/// A protocol that the kernel runs above this connection, by name: `tls`. Cannot be undone.
/// Kernel documentation: networking/tls
struct UpperProtocol : Name<UpperProtocol, IPPROTO_TCP, TCP_ULP> {
    static constexpr const char* name = "TCP_ULP";
};

/// Bytes not yet sent, below which a socket counts as writable: keeps what waits in the kernel
/// small. 0 takes net.ipv4.tcp_notsent_lowat. tcp(7)
struct NotSentLowWater : Count<NotSentLowWater, IPPROTO_TCP, TCP_NOTSENT_LOWAT> {
    static constexpr const char* name = "TCP_NOTSENT_LOWAT";
    static constexpr const char* unit = "bytes";
};

/// Retransmissions of a SYN before connecting fails: 1 to 127; 6 take about two minutes. tcp(7)
struct SynRetries : Count<SynRetries, IPPROTO_TCP, TCP_SYNCNT> {
    static constexpr const char* name = "TCP_SYNCNT";
    static constexpr const char* unit = "retries";
    static constexpr int least = 1;
    static constexpr int most = 127;
};

/// How long a closed connection stays in FIN_WAIT2 for its peer's end: at most 120 s; 0 takes
/// net.ipv4.tcp_fin_timeout; -1 does not wait at all. tcp(7)
struct FinWaitLimit : Length<FinWaitLimit, IPPROTO_TCP, TCP_LINGER2, std::chrono::seconds> {
    static constexpr const char* name = "TCP_LINGER2";
    static constexpr int least = -1;
    static constexpr int most = INT_MAX;
};

/// Bytes of the window that is offered to the peer at most. tcp(7)
struct WindowClamp : Count<WindowClamp, IPPROTO_TCP, TCP_WINDOW_CLAMP> {
    static constexpr const char* name = "TCP_WINDOW_CLAMP";
    static constexpr const char* unit = "bytes";
    static constexpr int least = 0;
    static constexpr int most = INT_MAX;
};

/// Connections whose data came with their SYN that a listener holds at once; 0 refuses such data.
/// Needs bit 2 of net.ipv4.tcp_fastopen. tcp(7), RFC 7413
struct FastOpen : Count<FastOpen, IPPROTO_TCP, TCP_FASTOPEN> {
    static constexpr const char* name = "TCP_FASTOPEN";
    static constexpr const char* unit = "connections";
    static constexpr int least = 0;
    static constexpr int most = INT_MAX;
};

/// Connect with the first write, whose bytes travel with the SYN where the server has allowed it
/// before. Needs bit 1 of net.ipv4.tcp_fastopen. tcp(7)
struct FastOpenConnect : Switch<FastOpenConnect, IPPROTO_TCP, TCP_FASTOPEN_CONNECT> {
    static constexpr const char* name = "TCP_FASTOPEN_CONNECT";
};

/// Do so without the server's permission from before: for networks that check peers otherwise.
/// tcp(7)
struct FastOpenNoCookie : Switch<FastOpenNoCookie, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE> {
    static constexpr const char* name = "TCP_FASTOPEN_NO_COOKIE";
};

/// The secret by which a listener makes its permissions, and an older one that it still accepts:
/// servers behind one address share it. tcp(7)
struct FastOpenKey {
    using Secret = std::array<std::byte, 16>;
    static constexpr OptionKey key{IPPROTO_TCP, TCP_FASTOPEN_KEY, "TCP_FASTOPEN_KEY"};
    static constexpr const char* form = "one or two secrets of 16 bytes";
    static constexpr const char* unit = "";

    std::optional<Secret> primary;  ///< None only where the kernel has none.
    std::optional<Secret> backup;

    static Result<FastOpenKey> read_from(OptionAccess socket);
    Result<void> write_to(OptionAccess socket) const;
    /// Does not disclose the secrets.
    std::string to_string() const;
};

/// Tell with each receive how many bytes are left to be read. tcp(7)
struct TellUnread : Switch<TellUnread, IPPROTO_TCP, TCP_INQ> {
    static constexpr const char* name = "TCP_INQ";
};

/// Keep the headers of each SYN that a listener gets, for SavedSyn. tcp(7)
struct SaveSyn : Switch<SaveSyn, IPPROTO_TCP, TCP_SAVE_SYN> {
    static constexpr const char* name = "TCP_SAVE_SYN";
};

/// The IP and TCP headers of the SYN that began an accepted connection; can be taken once, and is
/// empty afterwards, or where its listener did not keep them. tcp(7)
struct SavedSyn {
    static constexpr OptionKey key{IPPROTO_TCP, TCP_SAVED_SYN, "TCP_SAVED_SYN"};
    static constexpr const char* form = "bytes";
    static constexpr const char* unit = "bytes";

    std::vector<std::byte> headers;

    static Result<SavedSyn> read_from(OptionAccess socket);
    std::string to_string() const;
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

}  // namespace fivetuple
