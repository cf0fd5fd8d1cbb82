#include "fivetuple/sim/tcp/connection.h"

#include <algorithm>
#include <utility>

namespace fivetuple::sim::tcp {

namespace {

constexpr std::uint16_t kIpv4Header = 20;
constexpr std::uint16_t kIpv6Header = 40;

}  // namespace

// Of a segment on this path, without options.
std::uint32_t Connection::payload_limit() const {
    const std::uint32_t headers =
        Segment::kHeaderBytes + (tuple_.peer.ip().is_v6() ? kIpv6Header : kIpv4Header);
    std::uint32_t limit =
        mtu_ > headers + Handshake::kLeastSegment ? mtu_ - headers : Handshake::kLeastSegment;
    if (settings_.max_segment) limit = std::min<std::uint32_t>(limit, *settings_.max_segment);
    return std::max<std::uint32_t>(limit, Handshake::kLeastSegment);
}

Segment Connection::make(Sequence at, Flags flags, Time now) {
    Segment segment;
    segment.source_port = tuple_.local.port();
    segment.destination_port = tuple_.peer.port();
    segment.sequence = at;
    segment.flags = flags;
    if (agreed_.has_timestamps) {
        const std::uint32_t echo = flags.ack ? agreed_.recent_timestamp : 0;
        segment.options.timestamps = Timestamps{agreed_.clock.at(now), echo};
    }
    if (flags.ack && receiver_.is_started()) {
        segment.acknowledgement = receiver_.next();
        if (!flags.rst) {
            segment.window = receiver_.advertise(flags.syn);
            if (!flags.syn) {
                segment.options.sack = receiver_.blocks(agreed_.has_timestamps ? 3 : 4);
            }
        }
    }
    return segment;
}

std::size_t Connection::block_option_bytes() const {
    const std::size_t blocks = receiver_.blocks(agreed_.has_timestamps ? 3 : 4).size();
    return blocks == 0 ? 0 : 4 + 8 * blocks;
}

void Connection::emit(const Outgoing& out, Time now) {
    Flags flags{.fin = out.fin, .psh = out.push, .ack = true};
    flags.urg = out.urgent_pointer.has_value();
    flags.cwr = out.reduced;
    Segment segment = make(out.at, flags, now);
    segment.urgent_pointer = out.urgent_pointer.value_or(0);
    segment.payload.assign(out.payload);
    if (agreed_.has_ecn) {
        segment.flags.ece = receiver_.echoes_mark();
        if (!segment.payload.empty() && !out.is_repeated) segment.ecn = Ecn::capable_0;
    }
    if (!segment.payload.empty()) receiver_.data_sent(now);
    receiver_.acknowledged();
    outbox_.push_back(std::move(segment));
}

void Connection::send_ack(Time now) {
    Segment segment = make(sender_.acceptable_sequence(), {.ack = true}, now);
    segment.flags.ece = agreed_.has_ecn && receiver_.echoes_mark();
    receiver_.acknowledged();
    outbox_.push_back(std::move(segment));
}

// As often as a peer that is told "no" may be answered. RFC 5961, section 7
void Connection::send_challenge(Time now) {
    if (last_invalid_ && now - *last_invalid_ < limits_->invalid_interval) return;
    last_invalid_ = now;
    send_ack(now);
}

void Connection::send_reset(Sequence at, bool with_ack, Time now) {
    Segment segment = make(at, {.rst = true, .ack = with_ack}, now);
    outbox_.push_back(std::move(segment));
}

void Connection::send_syn(Time now) {
    Segment syn = make(agreed_.ours, {.syn = true}, now);
    const bool is_first = syn_repeats_ == 0;
    syn.flags.ece = syn.flags.cwr = agreed_.has_ecn && is_first;
    syn.window = static_cast<std::uint16_t>(receiver_.first_window(agreed_.our_segment));
    syn.options.max_segment = agreed_.our_segment;
    syn.options.sack_permitted = agreed_.has_sack;
    if (agreed_.has_scale) syn.options.window_scale = agreed_.our_scale;
    if (cookie_ && is_first) {
        syn.options.fast_open = cookie_;
        if (cookie_->size > 0) {
            const std::size_t room =
                payload_limit() > syn.options.size() ? payload_limit() - syn.options.size() : 0;
            const Pieces bytes = sender_.queued(room);
            syn.payload.assign(bytes);
            syn_bytes_ = static_cast<std::uint32_t>(bytes.size());
        }
    }
    agreed_.sent_once_at = is_first ? std::optional(now) : std::nullopt;
    handshake_at_ = now + syn_timeout_;
    outbox_.push_back(std::move(syn));
}

void Connection::send_syn_answer(Time now) {
    Segment answer = make(agreed_.ours, {.syn = true, .ack = true}, now);
    answer.flags.ece = agreed_.has_ecn;
    answer.options.max_segment = agreed_.our_segment;
    answer.options.sack_permitted = agreed_.has_sack;
    if (agreed_.has_scale) answer.options.window_scale = agreed_.our_scale;
    if (is_fast_open_ && cookie_) answer.options.fast_open = cookie_;
    receiver_.acknowledged();
    agreed_.sent_once_at = syn_repeats_ == 0 ? std::optional(now) : std::nullopt;
    handshake_at_ = now + syn_timeout_;
    outbox_.push_back(std::move(answer));
}

// Whatever may go now; an acknowledgement goes with it, or by itself where it must.
void Connection::flush(Time now) {
    if (is_over() || state_ == TcpState::syn_sent) return;
    const bool may_go = state_ != TcpState::syn_received || is_fast_open_;
    if (may_go && state_ != TcpState::time_wait) {
        while (auto out = sender_.next(now, block_option_bytes())) emit(*out, now);
        sender_.settle(now);
    }
    if (receiver_.wants_ack_now()) send_ack(now);
}

}  // namespace fivetuple::sim::tcp
