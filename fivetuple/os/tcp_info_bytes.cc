#include "fivetuple/os/tcp_info.h"
#include "fivetuple/os/tcp_info_raw.h"

#include <cstring>

namespace fivetuple {
namespace {

using namespace raw_tcp_info;

template <class D>
std::uint32_t count_of(D duration) {
    return static_cast<std::uint32_t>(duration.count());
}

template <class To, class From>
void put(To& to, const std::optional<From>& from) {
    if (!from) return;
    if constexpr (requires { from->count(); }) {
        to = static_cast<To>(from->count());
    } else {
        to = *from;
    }
}

std::uint8_t option_bits(const TcpInfo& info) {
    int bits = 0;
    if (info.has_timestamps) bits |= kTimestamps;
    if (info.has_sack) bits |= kSack;
    if (info.has_window_scale) bits |= kWindowScale;
    if (info.has_ecn) bits |= kEcn;
    if (info.has_seen_ecn) bits |= kEcnSeen;
    if (info.had_data_in_syn) bits |= kSynData;
    if (info.has_microseconds) bits |= kMicroseconds;
    if (info.is_fast_open_child) bits |= kFastOpenChild;
    return static_cast<std::uint8_t>(bits);
}

// What newer kernels tell.
void put_later(Raw& raw, const TcpInfo& info) {
    put(raw.pacing_rate, info.pacing_rate);
    put(raw.max_pacing_rate, info.max_pacing_rate);
    put(raw.bytes_acked, info.bytes_acknowledged);
    put(raw.bytes_received, info.bytes_received);
    put(raw.segs_out, info.segments_sent);
    put(raw.segs_in, info.segments_received);
    put(raw.notsent_bytes, info.bytes_not_sent);
    put(raw.min_rtt, info.least_round_trip);
    put(raw.data_segs_in, info.data_segments_received);
    put(raw.data_segs_out, info.data_segments_sent);
    put(raw.delivery_rate, info.delivery_rate);
    put(raw.busy_time, info.busy);
    put(raw.rwnd_limited, info.limited_by_receiver);
    put(raw.sndbuf_limited, info.limited_by_send_buffer);
    put(raw.delivered, info.delivered);
    put(raw.delivered_ce, info.delivered_marked);
    put(raw.bytes_sent, info.bytes_sent);
    put(raw.bytes_retrans, info.bytes_retransmitted);
    put(raw.dsack_dups, info.duplicates_reported);
    put(raw.reord_seen, info.reorderings_seen);
    put(raw.rcv_ooopack, info.out_of_order_received);
    put(raw.snd_wnd, info.send_window_bytes);
    put(raw.rcv_wnd, info.receive_window_bytes);
    put(raw.rehash, info.rehashes);
    put(raw.total_rto, info.timeouts);
    put(raw.total_rto_recoveries, info.timeout_recoveries);
    put(raw.total_rto_time, info.timeout_time);
    put(raw.received_ce, info.received_marked);
    put(raw.delivered_e1_bytes, info.delivered_ect1_bytes);
    put(raw.delivered_e0_bytes, info.delivered_ect0_bytes);
    put(raw.delivered_ce_bytes, info.delivered_marked_bytes);
    put(raw.received_e1_bytes, info.received_ect1_bytes);
    put(raw.received_e0_bytes, info.received_ect0_bytes);
    put(raw.received_ce_bytes, info.received_marked_bytes);
    put(raw.accecn_fail_mode, info.accurate_ecn_failure);
    put(raw.accecn_opt_seen, info.accurate_ecn_seen);
}

}  // namespace

std::array<std::byte, TcpInfo::kRawBytes> TcpInfo::to_bytes() const {
    Raw raw{};
    raw.options = option_bits(*this);
    raw.scales = static_cast<std::uint8_t>(receive_window_scale << 4 | (send_window_scale & 0xf));
    raw.flags = static_cast<std::uint8_t>(static_cast<int>(fast_open_failure) << 1 |
                                          (is_rate_limited_by_program ? 1 : 0));
    raw.state = static_cast<std::uint8_t>(state);
    raw.ca_state = static_cast<std::uint8_t>(congestion_state);
    raw.retransmits = retransmits;
    raw.probes = probes;
    raw.backoff = backoff;
    raw.rto = count_of(retransmission_timeout);
    raw.ato = count_of(acknowledgement_timeout);
    raw.snd_mss = send_segment_bytes;
    raw.rcv_mss = receive_segment_bytes;
    raw.unacked = unacknowledged_segments;
    raw.sacked = sacked_segments;
    raw.lost = lost_segments;
    raw.retrans = retransmitted_segments;
    raw.fackets = forward_acknowledged;
    raw.last_data_sent = count_of(since_data_sent);
    raw.last_ack_sent = count_of(since_acknowledgement_sent);
    raw.last_data_recv = count_of(since_data_received);
    raw.last_ack_recv = count_of(since_acknowledgement_received);
    raw.pmtu = path_mtu_bytes;
    raw.rcv_ssthresh = receive_threshold_bytes;
    raw.rtt = count_of(round_trip);
    raw.rttvar = count_of(round_trip_variation);
    raw.snd_ssthresh = slow_start_threshold;
    raw.snd_cwnd = congestion_window;
    raw.advmss = advertised_segment_bytes;
    raw.reordering = reordering;
    raw.rcv_rtt = count_of(receive_round_trip);
    raw.rcv_space = receive_space_bytes;
    raw.total_retrans = total_retransmissions;
    put_later(raw, *this);
    std::array<std::byte, kRawBytes> bytes;
    static_assert(sizeof raw == kRawBytes);
    std::memcpy(bytes.data(), &raw, sizeof raw);
    return bytes;
}

}  // namespace fivetuple
