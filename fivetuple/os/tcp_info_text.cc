#include "fivetuple/os/tcp_info.h"

#include <array>

// TCP_INFO in words.
namespace fivetuple {
namespace {

constexpr std::string_view kSegments = "segments";
constexpr std::string_view kBytes = "bytes";
constexpr std::string_view kRate = "bytes/s";

std::string with(std::uint64_t value, std::string_view unit) {
    std::string text = std::to_string(value);
    if (!unit.empty()) text += " " + std::string(unit);
    return text;
}

template <class Length>
constexpr std::string_view unit_of() {
    return std::same_as<Length, std::chrono::microseconds> ? "us" : "ms";
}

const char* failure_text(FastOpenFailure failure) {
    constexpr const char* kWords[] = {"none known", "no cookie", "data not taken",
                                      "SYN retransmitted"};
    return kWords[static_cast<int>(failure) & 3];
}

class Teller {
public:
    explicit Teller(std::vector<TcpInfo::Field>& fields) : fields_(fields) {}

    void text(const char* name, std::string_view value) const {
        fields_.push_back({name, std::string(value), {}, {}});
    }
    void flag(const char* name, bool is_on) const { text(name, is_on ? "yes" : "no"); }
    void figure(const char* name, std::uint64_t value, std::string_view unit) const {
        fields_.push_back({name, with(value, unit), unit, value});
    }
    void count(const char* name, std::uint64_t value) const { figure(name, value, {}); }
    void bytes(const char* name, std::uint64_t value) const { figure(name, value, kBytes); }
    void segments(const char* name, std::uint64_t value) const { figure(name, value, kSegments); }
    template <class Length>
    void time(const char* name, Length length) const {
        figure(name, static_cast<std::uint64_t>(length.count()), unit_of<Length>());
    }

    // What may not be there.
    template <class T>
    void count(const char* name, const std::optional<T>& value) const {
        if (value) figure(name, *value, {});
    }
    template <class T>
    void bytes(const char* name, const std::optional<T>& value) const {
        if (value) figure(name, *value, kBytes);
    }
    template <class T>
    void segments(const char* name, const std::optional<T>& value) const {
        if (value) figure(name, *value, kSegments);
    }
    template <class Length>
    void time(const char* name, const std::optional<Length>& length) const {
        if (length) time(name, *length);
    }
    void rate(const char* name, const std::optional<std::uint64_t>& value) const {
        if (!value) return;
        if (*value == TcpInfo::kNoLimit) {
            text(name, "no limit");
        } else {
            figure(name, *value, kRate);
        }
    }

private:
    std::vector<TcpInfo::Field>& fields_;
};

void tell_state(const TcpInfo& info, const Teller& tell) {
    tell.text("state", to_string(info.state));
    tell.text("congestion_state", to_string(info.congestion_state));
    tell.count("retransmits", info.retransmits);
    tell.count("probes", info.probes);
    tell.count("backoff", info.backoff);
    tell.flag("has_timestamps", info.has_timestamps);
    tell.flag("has_sack", info.has_sack);
    tell.flag("has_window_scale", info.has_window_scale);
    tell.flag("has_ecn", info.has_ecn);
    tell.flag("has_seen_ecn", info.has_seen_ecn);
    tell.flag("had_data_in_syn", info.had_data_in_syn);
    tell.flag("has_microseconds", info.has_microseconds);
    tell.flag("is_fast_open_child", info.is_fast_open_child);
    tell.count("send_window_scale", info.send_window_scale);
    tell.count("receive_window_scale", info.receive_window_scale);
    tell.flag("is_rate_limited_by_program", info.is_rate_limited_by_program);
    tell.text("fast_open_failure", failure_text(info.fast_open_failure));
}

void tell_path(const TcpInfo& info, const Teller& tell) {
    tell.time("retransmission_timeout", info.retransmission_timeout);
    tell.time("acknowledgement_timeout", info.acknowledgement_timeout);
    tell.bytes("send_segment_bytes", info.send_segment_bytes);
    tell.bytes("receive_segment_bytes", info.receive_segment_bytes);
    tell.segments("unacknowledged_segments", info.unacknowledged_segments);
    tell.segments("sacked_segments", info.sacked_segments);
    tell.segments("lost_segments", info.lost_segments);
    tell.segments("retransmitted_segments", info.retransmitted_segments);
    tell.segments("forward_acknowledged", info.forward_acknowledged);
    tell.time("since_data_sent", info.since_data_sent);
    tell.time("since_acknowledgement_sent", info.since_acknowledgement_sent);
    tell.time("since_data_received", info.since_data_received);
    tell.time("since_acknowledgement_received", info.since_acknowledgement_received);
    tell.bytes("path_mtu_bytes", info.path_mtu_bytes);
    tell.bytes("receive_threshold_bytes", info.receive_threshold_bytes);
    tell.time("round_trip", info.round_trip);
    tell.time("round_trip_variation", info.round_trip_variation);
    if (info.slow_start_threshold >= TcpInfo::kNoThreshold) {
        tell.text("slow_start_threshold", "none yet");
    } else {
        tell.segments("slow_start_threshold", info.slow_start_threshold);
    }
    tell.segments("congestion_window", info.congestion_window);
    tell.bytes("advertised_segment_bytes", info.advertised_segment_bytes);
    tell.segments("reordering", info.reordering);
    tell.time("receive_round_trip", info.receive_round_trip);
    tell.bytes("receive_space_bytes", info.receive_space_bytes);
    tell.segments("total_retransmissions", info.total_retransmissions);
}

void tell_later(const TcpInfo& info, const Teller& tell) {
    tell.rate("pacing_rate", info.pacing_rate);
    tell.rate("max_pacing_rate", info.max_pacing_rate);
    tell.bytes("bytes_acknowledged", info.bytes_acknowledged);
    tell.bytes("bytes_received", info.bytes_received);
    tell.segments("segments_sent", info.segments_sent);
    tell.segments("segments_received", info.segments_received);
    tell.bytes("bytes_not_sent", info.bytes_not_sent);
    tell.time("least_round_trip", info.least_round_trip);
    tell.segments("data_segments_received", info.data_segments_received);
    tell.segments("data_segments_sent", info.data_segments_sent);
    tell.rate("delivery_rate", info.delivery_rate);
    tell.time("busy", info.busy);
    tell.time("limited_by_receiver", info.limited_by_receiver);
    tell.time("limited_by_send_buffer", info.limited_by_send_buffer);
    tell.segments("delivered", info.delivered);
    tell.segments("delivered_marked", info.delivered_marked);
    tell.bytes("bytes_sent", info.bytes_sent);
    tell.bytes("bytes_retransmitted", info.bytes_retransmitted);
    tell.count("duplicates_reported", info.duplicates_reported);
    tell.count("reorderings_seen", info.reorderings_seen);
    tell.segments("out_of_order_received", info.out_of_order_received);
    tell.bytes("send_window_bytes", info.send_window_bytes);
    tell.bytes("receive_window_bytes", info.receive_window_bytes);
    tell.count("rehashes", info.rehashes);
    tell.count("timeouts", info.timeouts);
    tell.count("timeout_recoveries", info.timeout_recoveries);
    tell.time("timeout_time", info.timeout_time);
    tell.segments("received_marked", info.received_marked);
    tell.bytes("delivered_ect1_bytes", info.delivered_ect1_bytes);
    tell.bytes("delivered_ect0_bytes", info.delivered_ect0_bytes);
    tell.bytes("delivered_marked_bytes", info.delivered_marked_bytes);
    tell.bytes("received_ect1_bytes", info.received_ect1_bytes);
    tell.bytes("received_ect0_bytes", info.received_ect0_bytes);
    tell.bytes("received_marked_bytes", info.received_marked_bytes);
    tell.count("accurate_ecn_failure", info.accurate_ecn_failure);
    tell.count("accurate_ecn_seen", info.accurate_ecn_seen);
}

}  // namespace

std::string_view to_string(TcpState state) {
    constexpr std::array<std::string_view, 13> kWords{
        "UNKNOWN", "ESTAB",      "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2",  "TIME-WAIT",
        "UNCONN",  "CLOSE-WAIT", "LAST-ACK", "LISTEN",   "CLOSING",    "NEW-SYN-RECV"};
    const auto at = static_cast<std::size_t>(state);
    return at < kWords.size() ? kWords[at] : kWords[0];
}

std::string_view to_string(TcpCongestionState state) {
    constexpr std::array<std::string_view, 5> kWords{"open", "disorder", "reduced", "recovery",
                                                     "loss"};
    const auto at = static_cast<std::size_t>(state);
    return at < kWords.size() ? kWords[at] : "unknown";
}

std::string TcpInfo::to_string() const {
    if (state == TcpState::listening) {
        return "LISTEN, " + std::to_string(unacknowledged_segments) + " of " +
               std::to_string(sacked_segments) + " wait to be accepted";
    }
    std::string text(fivetuple::to_string(state));
    text += ", rtt " + with(static_cast<std::uint64_t>(round_trip.count()), "us");
    text += ", cwnd " + with(congestion_window, kSegments);
    text += ", mss " + with(send_segment_bytes, kBytes);
    text += ", retransmissions " + std::to_string(total_retransmissions);
    return text;
}

std::vector<TcpInfo::Field> TcpInfo::fields() const {
    std::vector<Field> fields;
    const Teller teller(fields);
    tell_state(*this, teller);
    tell_path(*this, teller);
    tell_later(*this, teller);
    return fields;
}

}  // namespace fivetuple
