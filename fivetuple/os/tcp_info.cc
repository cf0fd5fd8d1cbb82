#include "fivetuple/os/tcp_info.h"

#include "fivetuple/os/tcp_info_raw.h"

#include <cstddef>
#include <cstring>

namespace fivetuple {
namespace {

using namespace raw_tcp_info;

// Up to here every kernel tells.
constexpr std::size_t kAlways = offsetof(Raw, pacing_rate);

void fill_always(TcpInfo& info, const Raw& raw) {
    using Microseconds = TcpInfo::Microseconds;
    using Milliseconds = TcpInfo::Milliseconds;
    info.state = static_cast<TcpState>(raw.state);
    info.congestion_state = static_cast<TcpCongestionState>(raw.ca_state);
    info.retransmits = raw.retransmits;
    info.probes = raw.probes;
    info.backoff = raw.backoff;
    info.has_timestamps = (raw.options & kTimestamps) != 0;
    info.has_sack = (raw.options & kSack) != 0;
    info.has_window_scale = (raw.options & kWindowScale) != 0;
    info.has_ecn = (raw.options & kEcn) != 0;
    info.has_seen_ecn = (raw.options & kEcnSeen) != 0;
    info.had_data_in_syn = (raw.options & kSynData) != 0;
    info.has_microseconds = (raw.options & kMicroseconds) != 0;
    info.is_fast_open_child = (raw.options & kFastOpenChild) != 0;
    info.send_window_scale = raw.scales & 0xf;
    info.receive_window_scale = raw.scales >> 4;
    info.is_rate_limited_by_program = (raw.flags & 1) != 0;
    info.fast_open_failure = static_cast<FastOpenFailure>(raw.flags >> 1 & 3);
    info.retransmission_timeout = Microseconds(raw.rto);
    info.acknowledgement_timeout = Microseconds(raw.ato);
    info.send_segment_bytes = raw.snd_mss;
    info.receive_segment_bytes = raw.rcv_mss;
    info.unacknowledged_segments = raw.unacked;
    info.sacked_segments = raw.sacked;
    info.lost_segments = raw.lost;
    info.retransmitted_segments = raw.retrans;
    info.forward_acknowledged = raw.fackets;
    info.since_data_sent = Milliseconds(raw.last_data_sent);
    info.since_acknowledgement_sent = Milliseconds(raw.last_ack_sent);
    info.since_data_received = Milliseconds(raw.last_data_recv);
    info.since_acknowledgement_received = Milliseconds(raw.last_ack_recv);
    info.path_mtu_bytes = raw.pmtu;
    info.receive_threshold_bytes = raw.rcv_ssthresh;
    info.round_trip = Microseconds(raw.rtt);
    info.round_trip_variation = Microseconds(raw.rttvar);
    info.slow_start_threshold = raw.snd_ssthresh;
    info.congestion_window = raw.snd_cwnd;
    info.advertised_segment_bytes = raw.advmss;
    info.reordering = raw.reordering;
    info.receive_round_trip = Microseconds(raw.rcv_rtt);
    info.receive_space_bytes = raw.rcv_space;
    info.total_retransmissions = raw.total_retrans;
}

// The fields that came later: those that end within the kernel's size are there.
class Later {
public:
    Later(const Raw& raw, std::size_t size) : raw_(raw), size_(size) {}

    template <class To, class From>
    void take(std::optional<To>& to, const From& from) const {
        const auto* begin = reinterpret_cast<const std::byte*>(&raw_);
        const auto* end = reinterpret_cast<const std::byte*>(&from) + sizeof from;
        if (static_cast<std::size_t>(end - begin) <= size_) to = To(from);
    }

private:
    const Raw& raw_;
    std::size_t size_;
};

void fill_later(TcpInfo& info, const Raw& raw, std::size_t size) {
    const Later later(raw, size);
    later.take(info.pacing_rate, raw.pacing_rate);
    later.take(info.max_pacing_rate, raw.max_pacing_rate);
    later.take(info.bytes_acknowledged, raw.bytes_acked);
    later.take(info.bytes_received, raw.bytes_received);
    later.take(info.segments_sent, raw.segs_out);
    later.take(info.segments_received, raw.segs_in);
    later.take(info.bytes_not_sent, raw.notsent_bytes);
    later.take(info.least_round_trip, raw.min_rtt);
    later.take(info.data_segments_received, raw.data_segs_in);
    later.take(info.data_segments_sent, raw.data_segs_out);
    later.take(info.delivery_rate, raw.delivery_rate);
    later.take(info.busy, raw.busy_time);
    later.take(info.limited_by_receiver, raw.rwnd_limited);
    later.take(info.limited_by_send_buffer, raw.sndbuf_limited);
    later.take(info.delivered, raw.delivered);
    later.take(info.delivered_marked, raw.delivered_ce);
    later.take(info.bytes_sent, raw.bytes_sent);
    later.take(info.bytes_retransmitted, raw.bytes_retrans);
    later.take(info.duplicates_reported, raw.dsack_dups);
    later.take(info.reorderings_seen, raw.reord_seen);
    later.take(info.out_of_order_received, raw.rcv_ooopack);
    later.take(info.send_window_bytes, raw.snd_wnd);
    later.take(info.receive_window_bytes, raw.rcv_wnd);
    later.take(info.rehashes, raw.rehash);
    later.take(info.timeouts, raw.total_rto);
    later.take(info.timeout_recoveries, raw.total_rto_recoveries);
    later.take(info.timeout_time, raw.total_rto_time);
    later.take(info.received_marked, raw.received_ce);
    later.take(info.delivered_ect1_bytes, raw.delivered_e1_bytes);
    later.take(info.delivered_ect0_bytes, raw.delivered_e0_bytes);
    later.take(info.delivered_marked_bytes, raw.delivered_ce_bytes);
    later.take(info.received_ect1_bytes, raw.received_e1_bytes);
    later.take(info.received_ect0_bytes, raw.received_e0_bytes);
    later.take(info.received_marked_bytes, raw.received_ce_bytes);
    later.take(info.accurate_ecn_failure, raw.accecn_fail_mode);
    later.take(info.accurate_ecn_seen, raw.accecn_opt_seen);
}

}  // namespace

Result<TcpInfo> TcpInfo::from_bytes(Bytes raw) {
    if (raw.size() < kAlways) return std::unexpected(wrong_size(key, raw.size()));
    Raw known{};
    const std::size_t size = std::min(raw.size(), sizeof known);
    std::memcpy(&known, raw.data(), size);
    TcpInfo info;
    fill_always(info, known);
    fill_later(info, known, size);
    return info;
}

Result<TcpInfo> TcpInfo::read_from(OptionAccess socket) {
    std::byte room[sizeof(Raw)];
    FT_TRY(const std::size_t size, read_option(socket, key, room));
    return from_bytes(Bytes(room).first(size));
}

}  // namespace fivetuple
