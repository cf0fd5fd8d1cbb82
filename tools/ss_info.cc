#include "tools/ss_rows.h"
#include <array>

// What the kernel knows of a connection, in a line.
namespace ft_tool {

namespace ft = fivetuple;
namespace diag = fivetuple::diag;

namespace {

using Microseconds = std::chrono::microseconds;

// Puts a comma between.
class Line {
public:
    explicit Line(std::string& text) : text_(text) {}

    void word(std::string_view word) {
        if (!is_first_) text_ += ", ";
        is_first_ = false;
        text_ += word;
    }
    void figure(std::string_view name, std::uint64_t number, std::string_view unit = {}) {
        word(name);
        text_ += ' ';
        write_number(text_, number);
        text_ += unit;
    }
    template <class T>
    void figure(std::string_view name, const std::optional<T>& number, std::string_view unit = {}) {
        if (number && *number != 0) figure(name, static_cast<std::uint64_t>(*number), unit);
    }
    void time(std::string_view name, Microseconds length) {
        word(name);
        text_ += ' ';
        write_milliseconds(text_, length);
    }
    void time_if_any(std::string_view name, const std::optional<Microseconds>& length) {
        if (length && *length != Microseconds::zero()) time(name, *length);
    }
    // Bytes a second, as bits with a digit behind the point.
    void rate(std::string_view name, const std::optional<std::uint64_t>& bytes) {
        if (!bytes || *bytes == 0) return;
        word(name);
        if (*bytes == ft::TcpInfo::kNoLimit) {
            text_ += " no limit";
            return;
        }
        constexpr std::array<std::string_view, 5> kUnits{" bit/s", " kbit/s", " Mbit/s", " Gbit/s",
                                                         " Tbit/s"};
        std::uint64_t tenths = *bytes * 80;
        std::size_t unit = 0;
        for (; tenths >= 10'000 && unit + 1 < kUnits.size(); ++unit) tenths /= 1000;
        text_ += ' ';
        write_number(text_, tenths / 10);
        if (unit > 0) {
            text_ += '.';
            write_number(text_, tenths % 10);
        }
        text_ += kUnits[unit];
    }
    void more(std::string_view text) { text_ += text; }
    void more(std::uint64_t number) { write_number(text_, number); }
    void more_time(Microseconds length) { write_milliseconds(text_, length); }

private:
    std::string& text_;
    bool is_first_ = true;
};

void write_agreed(Line& line, const ft::TcpInfo& info) {
    if (info.has_timestamps) line.word("timestamps");
    if (info.has_sack) line.word("sack");
    if (info.has_ecn) line.word(info.has_seen_ecn ? "ecn seen" : "ecn");
    if (info.is_fast_open_child || info.had_data_in_syn) line.word("fast open");
    if (info.has_window_scale) {
        line.figure("scale", info.send_window_scale, "/");
        line.more(info.receive_window_scale);
    }
}

void write_path(Line& line, const ft::TcpInfo& info) {
    line.time("timeout", info.retransmission_timeout);
    if (info.backoff > 0) line.figure("backoff", info.backoff);
    if (info.round_trip > Microseconds::zero()) {
        line.time("rtt", info.round_trip);
        line.more(" +- ");
        line.more_time(info.round_trip_variation);
    }
    if (info.acknowledgement_timeout > Microseconds::zero()) {
        line.time("ack delay", info.acknowledgement_timeout);
    }
    line.figure("mss", info.send_segment_bytes);
    line.figure("path mtu", info.path_mtu_bytes);
    line.figure("receive mss", info.receive_segment_bytes);
    line.figure("advertised mss", info.advertised_segment_bytes);
    line.figure("window", info.congestion_window);
    if (info.slow_start_threshold < ft::TcpInfo::kNoThreshold) {
        line.figure("threshold", info.slow_start_threshold);
    }
}

void write_traffic(Line& line, const ft::TcpInfo& info) {
    line.figure("sent", info.bytes_sent, " B");
    line.figure("again", info.bytes_retransmitted, " B");
    line.figure("acknowledged", info.bytes_acknowledged, " B");
    line.figure("received", info.bytes_received, " B");
    line.figure("segments sent", info.segments_sent);
    line.figure("segments received", info.segments_received);
    line.figure("data segments sent", info.data_segments_sent);
    line.figure("data segments received", info.data_segments_received);
    if (info.round_trip > Microseconds::zero() && info.send_segment_bytes > 0) {
        line.rate("rate", std::uint64_t{info.congestion_window} * info.send_segment_bytes *
                              1'000'000 / static_cast<std::uint64_t>(info.round_trip.count()));
    }
    // Before there is a connection these have no meaning.
    if (info.state != ft::TcpState::syn_sent) {
        const auto ago = [&line](std::string_view name, ft::TcpInfo::Milliseconds length) {
            line.figure(name, static_cast<std::uint64_t>(length.count()), " ms ago");
        };
        ago("last sent", info.since_data_sent);
        ago("last received", info.since_data_received);
        ago("last acknowledged", info.since_acknowledgement_received);
    }
    line.rate("pacing", info.pacing_rate);
    if (info.max_pacing_rate && *info.max_pacing_rate != ft::TcpInfo::kNoLimit) {
        line.rate("of at most", info.max_pacing_rate);
    }
    line.rate("delivery", info.delivery_rate);
    line.figure("delivered", info.delivered);
    line.figure("marked", info.delivered_marked);
    if (info.is_rate_limited_by_program) line.word("limited by the program");
}

void write_limits(Line& line, const ft::TcpInfo& info) {
    line.time_if_any("busy", info.busy);
    line.time_if_any("of it for the peer's window", info.limited_by_receiver);
    line.time_if_any("for the send buffer", info.limited_by_send_buffer);
    if (info.unacknowledged_segments > 0) line.figure("in flight", info.unacknowledged_segments);
    if (info.retransmitted_segments > 0 || info.total_retransmissions > 0) {
        line.figure("retransmitted", info.retransmitted_segments, " of ");
        line.more(info.total_retransmissions);
    }
    if (info.lost_segments > 0) line.figure("lost", info.lost_segments);
    if (info.sacked_segments > 0) line.figure("sacked", info.sacked_segments);
    line.figure("duplicates", info.duplicates_reported);
    if (info.reordering != 3) line.figure("reordering", info.reordering);
    line.figure("reordered", info.reorderings_seen);
    line.figure("out of order", info.out_of_order_received);
    if (info.receive_round_trip > Microseconds::zero()) {
        line.time("receive rtt", info.receive_round_trip);
    }
    line.figure("receive space", info.receive_space_bytes);
    line.figure("receive threshold", info.receive_threshold_bytes);
    line.figure("not sent", info.bytes_not_sent, " B");
    // The kernel's word for none is the largest number.
    if (info.least_round_trip != Microseconds(UINT32_MAX)) {
        line.time_if_any("least rtt", info.least_round_trip);
    }
    line.figure("peer's window", info.send_window_bytes, " B");
    line.figure("own window", info.receive_window_bytes, " B");
    line.figure("rehashed", info.rehashes);
}

void write_bbr(Line& line, const diag::BbrInfo& bbr) {
    line.rate("bbr bandwidth", bbr.bandwidth);
    line.time("bbr rtt", bbr.least_round_trip);
    line.figure("bbr pacing gain", static_cast<std::uint64_t>(bbr.pacing_gain * 100), "%");
    line.figure("bbr window gain", static_cast<std::uint64_t>(bbr.window_gain * 100), "%");
}

}  // namespace

void write_tcp_info(std::string& text, const diag::SeenSocket& socket, const ft::TcpInfo& info) {
    Line line(text);
    if (!socket.congestion_control.empty()) line.word(socket.congestion_control);
    if (!socket.upper_layer.empty()) line.word(socket.upper_layer);
    if (info.state == ft::TcpState::listening) return;
    if (info.congestion_state != ft::TcpCongestionState::open) {
        line.word(ft::to_string(info.congestion_state));
    }
    write_agreed(line, info);
    write_path(line, info);
    write_traffic(line, info);
    write_limits(line, info);
    if (socket.bbr) write_bbr(line, *socket.bbr);
}

}  // namespace ft_tool
