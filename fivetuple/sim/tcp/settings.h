#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/sim/tcp/limits.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace fivetuple::sim::tcp {

/// What a program chooses for one socket; an accepted one begins with its listener's. What is empty
/// is the host's. tcp(7), socket(7)
struct Settings {
    bool no_delay = false;   ///< TCP_NODELAY
    bool cork = false;       ///< TCP_CORK
    bool keepalive = false;  ///< SO_KEEPALIVE, and its three times:
    std::optional<Duration> keepalive_idle;
    std::optional<Duration> keepalive_interval;
    std::optional<unsigned> keepalive_probes;
    Duration user_timeout{};                    ///< TCP_USER_TIMEOUT; 0 is off.
    std::optional<unsigned> syn_retries;        ///< TCP_SYNCNT
    std::optional<Duration> fin_wait;           ///< TCP_LINGER2
    std::optional<Duration> linger;             ///< SO_LINGER; 0 resets.
    std::optional<std::size_t> receive_buffer;  ///< SO_RCVBUF as the kernel keeps it: doubled.
    std::optional<std::size_t> send_buffer;     ///< SO_SNDBUF, the same.
    std::optional<std::size_t> window_clamp;    ///< TCP_WINDOW_CLAMP
    std::optional<std::uint16_t> max_segment;   ///< TCP_MAXSEG
    std::optional<std::uint32_t> not_sent_low_water;  ///< TCP_NOTSENT_LOWAT, bytes.
    std::optional<std::uint64_t> pacing_rate;         ///< SO_MAX_PACING_RATE, bytes a second.
    std::optional<Limits::Algorithm> congestion;      ///< TCP_CONGESTION
    std::size_t receive_low_water = 1;                ///< SO_RCVLOWAT
    bool urgent_inline = false;                       ///< SO_OOBINLINE
    bool reuse_address = false;                       ///< SO_REUSEADDR
    bool reuse_port = false;                          ///< SO_REUSEPORT
    bool v6_only = false;                             ///< IPV6_V6ONLY
    unsigned fast_open_queue = 0;                     ///< TCP_FASTOPEN of a listener; 0 is off.
    bool fast_open_connect = false;                   ///< TCP_FASTOPEN_CONNECT
    std::uint8_t hops = 64;                           ///< IP_TTL, IPV6_UNICAST_HOPS
    std::uint8_t traffic_class = 0;  ///< IP_TOS, IPV6_TCLASS; the bits of ECN are TCP's own.
    unsigned defer_accept = 0;       ///< TCP_DEFER_ACCEPT as retransmissions of the SYN's answer.
};

}  // namespace fivetuple::sim::tcp
