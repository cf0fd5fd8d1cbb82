#include "fivetuple/sim/tcp/connection.h"

#include <algorithm>
#include <chrono>

namespace fivetuple::sim::tcp {

namespace {

TcpCongestionState congestion_state(Mood mood) {
    switch (mood) {
        case Mood::open:
            return TcpCongestionState::open;
        case Mood::disorder:
            return TcpCongestionState::disorder;
        case Mood::reduced:
            return TcpCongestionState::reduced;
        case Mood::recovery:
            return TcpCongestionState::recovery;
        case Mood::loss:
            return TcpCongestionState::loss;
    }
    return TcpCongestionState::open;
}

TcpInfo::Microseconds microseconds(Duration limit) {
    return std::chrono::duration_cast<TcpInfo::Microseconds>(limit);
}

TcpInfo::Milliseconds milliseconds(Duration limit) {
    return std::chrono::duration_cast<TcpInfo::Milliseconds>(limit);
}

void fill_sender(const Sender& sender, Time now, TcpInfo& info) {
    const Sender::Counters& counted = sender.counters();
    const RoundTrip& round_trip = sender.round_trip();
    info.congestion_state = congestion_state(sender.mood());
    info.retransmits = static_cast<std::uint8_t>(sender.retransmits());
    info.probes = static_cast<std::uint8_t>(sender.probes());
    info.backoff = static_cast<std::uint8_t>(sender.backoff());
    info.retransmission_timeout = microseconds(sender.timeout());
    info.send_segment_bytes = sender.segment_bytes();
    info.unacknowledged_segments = static_cast<std::uint32_t>(sender.board().size());
    info.sacked_segments = sender.board().sacked();
    info.lost_segments = sender.board().lost();
    info.retransmitted_segments = sender.board().in_flight_again();
    info.since_data_sent = milliseconds(now - sender.last_data_sent());
    info.round_trip = microseconds(round_trip.smoothed());
    info.round_trip_variation = microseconds(round_trip.variation());
    info.slow_start_threshold = sender.congestion().threshold();
    info.congestion_window = sender.congestion().window();
    info.total_retransmissions = counted.segments_repeated;
    info.bytes_acknowledged = counted.bytes_acknowledged;
    info.bytes_not_sent = static_cast<std::uint32_t>(sender.unsent_bytes());
    info.least_round_trip = microseconds(round_trip.least());
    info.data_segments_sent = counted.data_segments;
    info.delivered = counted.delivered;
    info.delivered_marked = counted.delivered_marked;
    info.bytes_sent = counted.bytes_sent;
    info.bytes_retransmitted = counted.bytes_repeated;
    info.duplicates_reported = counted.duplicates_reported;
    info.reorderings_seen = sender.board().reorderings();
    info.send_window_bytes = sender.peer_window();
    info.timeouts = counted.timeouts;
}

void fill_receiver(const Receiver& receiver, Time now, TcpInfo& info) {
    const Receiver::Counters& counted = receiver.counters();
    info.acknowledgement_timeout = microseconds(receiver.delay());
    info.receive_segment_bytes = receiver.segment_bytes();
    info.since_data_received = milliseconds(now - receiver.last_data());
    info.receive_threshold_bytes = receiver.window_threshold();
    info.receive_round_trip = microseconds(receiver.round_trip());
    info.receive_space_bytes = receiver.space_target();
    info.bytes_received = counted.bytes;
    info.data_segments_received = counted.data_segments;
    info.out_of_order_received = counted.out_of_order;
    info.receive_window_bytes = receiver.window();
    info.received_marked = receiver.marked();
}

}  // namespace

TcpInfo Connection::info(Time now) const {
    TcpInfo info;
    info.state = state_;
    info.has_timestamps = agreed_.has_timestamps;
    info.has_sack = agreed_.has_sack;
    info.has_window_scale = agreed_.has_scale;
    info.has_ecn = agreed_.has_ecn;
    info.send_window_scale = agreed_.their_scale;
    info.receive_window_scale = agreed_.our_scale;
    info.had_data_in_syn = syn_bytes_taken_;
    info.is_fast_open_child = is_fast_open_;
    info.fast_open_failure = fast_open_failure_;
    info.path_mtu_bytes = mtu_;
    info.advertised_segment_bytes = agreed_.our_segment;
    info.reordering = limits_->reordering;
    info.since_acknowledgement_received = milliseconds(now - last_heard_);
    info.segments_sent = segments_out_;
    info.segments_received = segments_in_;
    info.max_pacing_rate = settings_.pacing_rate.value_or(TcpInfo::kNoLimit);
    if (receiver_.is_started()) fill_receiver(receiver_, now, info);
    if (sender_.has_begun()) fill_sender(sender_, now, info);
    return info;
}

}  // namespace fivetuple::sim::tcp
