#pragma once

#include "fivetuple/os/option.h"

#include <netinet/in.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple {

/// Where a connection is in its life. RFC 9293
enum class TcpState : std::uint8_t {
    established = 1,
    syn_sent = 2,
    syn_received = 3,
    fin_wait_1 = 4,
    fin_wait_2 = 5,
    time_wait = 6,
    closed = 7,
    close_wait = 8,
    last_ack = 9,
    listening = 10,
    closing = 11,
    new_syn_received = 12,
};

/// As `ss` writes them: `ESTAB`, `CLOSE-WAIT`.
std::string_view to_string(TcpState state);

/// What the sender makes of the last acknowledgements.
enum class TcpCongestionState : std::uint8_t {
    open = 0,      ///< Nothing bad.
    disorder = 1,  ///< Duplicates or gaps: perhaps a loss.
    reduced = 2,   ///< The window was cut for an ECN mark or a full local queue.
    recovery = 3,  ///< A loss is being repaired, fast.
    loss = 4,      ///< The retransmission timer ran out.
};

std::string_view to_string(TcpCongestionState state);

/// Why bytes did not go with the SYN.
enum class FastOpenFailure : std::uint8_t {
    unknown = 0,
    no_cookie = 1,          ///< The server's permission was not known.
    data_not_taken = 2,     ///< The SYN was acknowledged, its bytes were not.
    syn_retransmitted = 3,  ///< The SYN with bytes got no answer.
};

/// All that the kernel tells of a TCP connection. What is optional is empty where the kernel is too
/// old to tell it. Bytes are payload; segments are packets; rates are in bytes a second. tcp(7)
struct TcpInfo {
    using Microseconds = std::chrono::microseconds;
    using Milliseconds = std::chrono::milliseconds;
    static constexpr OptionKey key{IPPROTO_TCP, 11, "TCP_INFO"};
    static constexpr const char* form = "structure";
    static constexpr const char* unit = "";
    /// Of rates and thresholds that nothing limits.
    static constexpr std::uint64_t kNoLimit = UINT64_MAX;
    static constexpr std::uint32_t kNoThreshold = 0x7fffffff;

    TcpState state{};
    TcpCongestionState congestion_state{};
    std::uint8_t retransmits = 0;  ///< Of the segment that is waited for, in a row.
    std::uint8_t probes = 0;       ///< Of a zero window, or of keep-alive, unanswered.
    std::uint8_t backoff = 0;      ///< How often the timer was doubled.

    bool has_timestamps = false;         ///< RFC 7323, agreed on with the peer; the next as well.
    bool has_sack = false;               ///< RFC 2018
    bool has_window_scale = false;       ///< RFC 7323
    bool has_ecn = false;                ///< RFC 3168
    bool has_seen_ecn = false;           ///< A packet that said it can be marked has come.
    bool had_data_in_syn = false;        ///< Fast open: bytes went with the SYN, and were taken.
    bool has_microseconds = false;       ///< Timestamps count microseconds.
    bool is_fast_open_child = false;     ///< Accepted by fast open.
    std::uint8_t send_window_scale = 0;  ///< Bits by which the peer's window is shifted.
    std::uint8_t receive_window_scale = 0;    ///< And ours.
    bool is_rate_limited_by_program = false;  ///< delivery_rate: the program sent too little.
    FastOpenFailure fast_open_failure{};

    Microseconds retransmission_timeout{};
    Microseconds acknowledgement_timeout{};   ///< Delayed ACK's; 0 before the first.
    std::uint32_t send_segment_bytes = 0;     ///< The largest that is sent.
    std::uint32_t receive_segment_bytes = 0;  ///< The largest that comes, by estimate.

    std::uint32_t unacknowledged_segments = 0;  ///< A listener's: waiting to be accepted.
    std::uint32_t sacked_segments = 0;          ///< A listener's: how many may wait.
    std::uint32_t lost_segments = 0;            ///< Held for lost now.
    std::uint32_t retransmitted_segments = 0;   ///< Of these in flight.
    std::uint32_t forward_acknowledged = 0;     ///< Always 0 since Linux 4.15.

    Milliseconds since_data_sent{};
    Milliseconds since_acknowledgement_sent{};  ///< Always 0: the kernel does not remember.
    Milliseconds since_data_received{};
    Milliseconds since_acknowledgement_received{};

    std::uint32_t path_mtu_bytes = 0;
    std::uint32_t receive_threshold_bytes = 0;  ///< The window that is offered is at most this.
    Microseconds round_trip{};                  ///< Smoothed.
    Microseconds round_trip_variation{};
    std::uint32_t slow_start_threshold = 0;  ///< Segments; kNoThreshold before the first loss.
    std::uint32_t congestion_window = 0;     ///< Segments.
    std::uint32_t advertised_segment_bytes = 0;
    std::uint32_t reordering = 0;       ///< Segments that may come late without being held lost.
    Microseconds receive_round_trip{};  ///< By the receiver's estimate; 0 where it has none.
    std::uint32_t receive_space_bytes = 0;  ///< What auto-tuning expects in a round trip.
    std::uint32_t total_retransmissions = 0;

    std::optional<std::uint64_t> pacing_rate;         ///< Linux 3.15, as the next.
    std::optional<std::uint64_t> max_pacing_rate;     ///< SO_MAX_PACING_RATE; kNoLimit.
    std::optional<std::uint64_t> bytes_acknowledged;  ///< Linux 4.1, as the next. RFC 4898
    std::optional<std::uint64_t> bytes_received;      ///< RFC 4898
    std::optional<std::uint32_t> segments_sent;       ///< Linux 4.2, as the next.
    std::optional<std::uint32_t> segments_received;
    std::optional<std::uint32_t> bytes_not_sent;  ///< Linux 4.6, as the next three.
    std::optional<Microseconds> least_round_trip;
    std::optional<std::uint32_t> data_segments_received;
    std::optional<std::uint32_t> data_segments_sent;
    std::optional<std::uint64_t> delivery_rate;          ///< Linux 4.9.
    std::optional<Microseconds> busy;                    ///< Time with data to send. Linux 4.10.
    std::optional<Microseconds> limited_by_receiver;     ///< Of it: waiting for the peer's window.
    std::optional<Microseconds> limited_by_send_buffer;  ///< Of it: SO_SNDBUF was too small.
    std::optional<std::uint32_t> delivered;              ///< Segments. Linux 4.18.
    std::optional<std::uint32_t> delivered_marked;       ///< Of them with a mark of congestion.
    std::optional<std::uint64_t> bytes_sent;             ///< With retransmissions. Linux 4.19.
    std::optional<std::uint64_t> bytes_retransmitted;
    std::optional<std::uint32_t> duplicates_reported;  ///< The peer got segments twice.
    std::optional<std::uint32_t> reorderings_seen;
    std::optional<std::uint32_t> out_of_order_received;  ///< Segments. Linux 5.4.
    std::optional<std::uint32_t> send_window_bytes;      ///< The peer's. Linux 5.4.
    std::optional<std::uint32_t> receive_window_bytes;   ///< Ours. Linux 6.2.
    std::optional<std::uint32_t> rehashes;               ///< Other paths tried. Linux 6.2.
    std::optional<std::uint16_t> timeouts;               ///< Linux 6.7, as the next two.
    std::optional<std::uint16_t> timeout_recoveries;
    std::optional<Milliseconds> timeout_time;      ///< Spent in them.
    std::optional<std::uint32_t> received_marked;  ///< Accurate ECN. Linux 6.18, as below.
    std::optional<std::uint32_t> delivered_ect1_bytes;
    std::optional<std::uint32_t> delivered_ect0_bytes;
    std::optional<std::uint32_t> delivered_marked_bytes;
    std::optional<std::uint32_t> received_ect1_bytes;
    std::optional<std::uint32_t> received_ect0_bytes;
    std::optional<std::uint32_t> received_marked_bytes;
    std::optional<std::uint16_t> accurate_ecn_failure;
    std::optional<std::uint16_t> accurate_ecn_seen;

    /// Errors: EOPNOTSUPP, ENOPROTOOPT, where it is no TCP socket; malformed, where the kernel
    /// tells less than it ever has.
    static Result<TcpInfo> read_from(OptionAccess socket);
    /// The kernel's structure, as getsockopt(2) or sock_diag(7) gave it, of whatever length.
    /// Errors: malformed, where it is too short.
    static Result<TcpInfo> from_bytes(Bytes raw);
    /// The same structure, written; what is not there is 0 in it. For who plays a kernel.
    static constexpr std::size_t kRawBytes = 280;
    std::array<std::byte, kRawBytes> to_bytes() const;

    /// `ESTAB rtt 35 us, cwnd 10 segments ...`: what matters, in a line.
    std::string to_string() const;

    struct Field {
        std::string_view name;
        std::string value;      ///< In words, with its unit.
        std::string_view unit;  ///< Empty where it counts nothing.
        std::optional<std::uint64_t> figure;
    };
    /// Each field that is there, in the order of this type.
    std::vector<Field> fields() const;
};

}  // namespace fivetuple
