#pragma once

#include "fivetuple/base/time.h"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace fivetuple::sim::tcp {

/// Bytes of a buffer as Linux counts them, with its bookkeeping: half of them are payload.
struct BufferRange {
    std::size_t least_bytes = 4096;
    std::size_t initial_bytes = 0;
    std::size_t most_bytes = 0;
};

/// What holds for a whole host, with the values of Linux (net.ipv4.tcp_*). tcp(7)
struct Limits {
    Duration least_timeout = std::chrono::milliseconds(200);  ///< Of retransmission.
    Duration most_timeout = std::chrono::seconds(120);
    Duration initial_timeout = std::chrono::seconds(1);
    unsigned syn_retries = 6;
    unsigned syn_linear_timeouts = 4;  ///< The first of them do not double.
    unsigned syn_ack_retries = 5;
    unsigned retries = 15;        ///< tcp_retries2: of data, as a time (RFC 1122, 4.2.3.5).
    unsigned orphan_retries = 8;  ///< The same, where no program holds the connection.
    Duration fin_wait = std::chrono::seconds(60);  ///< Of FIN_WAIT_2 without a program.
    Duration time_wait = std::chrono::seconds(60);
    std::size_t most_in_time_wait = 65536;
    /// Connecting again to where a connection is in TIME_WAIT (tcp_tw_reuse).
    enum class Reuse : std::uint8_t { never, always, loopback } time_wait_reuse = Reuse::loopback;
    Duration time_wait_reuse_delay = std::chrono::seconds(1);
    bool assassinate_time_wait = true;  ///< A reset ends TIME_WAIT (no tcp_rfc1337).

    Duration delayed_ack_least = std::chrono::milliseconds(40);
    Duration delayed_ack_most = std::chrono::milliseconds(200);
    Duration invalid_interval = std::chrono::milliseconds(500);  ///< tcp_invalid_ratelimit

    Duration keepalive_idle = std::chrono::hours(2);
    Duration keepalive_interval = std::chrono::seconds(75);
    unsigned keepalive_probes = 9;

    std::uint16_t first_port = 32768;  ///< Of those that are chosen (ip_local_port_range).
    std::uint16_t last_port = 60999;
    unsigned most_backlog = 4096;    ///< somaxconn
    unsigned most_half_open = 4096;  ///< tcp_max_syn_backlog
    enum class Cookies : std::uint8_t {
        never,
        on_overflow,
        always
    } syn_cookies = Cookies::on_overflow;
    bool reset_on_overflow = false;  ///< tcp_abort_on_overflow
    bool migrate_requests = false;   ///< tcp_migrate_req

    BufferRange receive_buffer{4096, 131072, 6291456};
    BufferRange send_buffer{4096, 16384, 4194304};
    bool timestamps = true;
    bool sack = true;
    bool window_scaling = true;
    bool rack = true;          ///< Off: losses are found by counting (RFC 6675).
    bool tail_probes = true;   ///< tcp_early_retrans
    bool idle_restart = true;  ///< tcp_slow_start_after_idle
    bool autotune_receive = true;
    /// tcp_ecn: 2 is Linux's.
    enum class UseEcn : std::uint8_t { never, ask_and_agree, agree } ecn = UseEcn::agree;
    bool fast_open_client = true;
    bool fast_open_server = false;      ///< tcp_fastopen is 1 by default: the client's half.
    unsigned reordering = 3;            ///< Segments: RFC 5681's DupThresh.
    std::uint32_t initial_window = 10;  ///< Segments. RFC 6928
    enum class Algorithm : std::uint8_t { reno, cubic } congestion = Algorithm::cubic;
};

}  // namespace fivetuple::sim::tcp
