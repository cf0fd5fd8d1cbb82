#include "fivetuple/sim/tcp/connection.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace fivetuple::sim::tcp {

namespace {

// A timestamp that was not renewed for so long says nothing. RFC 7323, section 5.5
constexpr Duration kTimestampLife = std::chrono::hours(24 * 24);

}  // namespace

void Connection::input(Segment segment, Time now) {
    if (is_over() || is_deferred_) return;
    ++segments_in_;
    if (state_ == TcpState::syn_sent) {
        input_syn_sent(segment, now);
    } else if (state_ == TcpState::time_wait) {
        input_time_wait(segment, now);
    } else {
        input_synchronized(std::move(segment), now);
    }
    flush(now);
}

// RFC 9293, section 3.10.7.3
void Connection::input_syn_sent(const Segment& segment, Time now) {
    if (segment.flags.ack) {
        const Sequence first = agreed_.ours + 1;
        const Sequence to = segment.acknowledgement;
        if (to < first || to > first + syn_bytes_) {
            if (!segment.flags.rst) send_reset(to, false, now);
            return;
        }
    }
    if (segment.flags.rst) {
        if (segment.flags.ack) end_with(ECONNREFUSED);
        return;
    }
    if (!segment.flags.syn) return;
    last_heard_ = now;
    // The answer of one who knows of congestion marks has one of the two flags.
    agreed_.has_ecn = agreed_.has_ecn && segment.flags.ece && !segment.flags.cwr;
    agreed_.learn(segment, tuple_.peer.ip().is_v6());
    start_halves(now);
    if (!segment.flags.ack) {
        // Both began at once.
        state_ = TcpState::syn_received;
        agreed_.has_ecn = false;
        syn_repeats_ = 0;
        syn_timeout_ = limits_->initial_timeout;
        send_syn_answer(now);
        return;
    }
    become_established(segment, now);
}

void Connection::become_established(const Segment& answer, Time now) {
    handshake_at_ = kNever;
    if (agreed_.sent_once_at) sender_.measured(now - *agreed_.sent_once_at);
    settle_state();
    arm_keepalive(now);
    if (!answer.flags.syn) return;
    // The answer to our SYN.
    fresh_cookie_ = answer.options.fast_open;
    if (cookie_) {
        const bool were_taken = answer.acknowledgement > agreed_.ours + 1;
        syn_bytes_taken_ = were_taken;
        if (were_taken) {
            sender_.went_with_syn(answer.acknowledgement);
        } else if (syn_repeats_ > 0) {
            fast_open_failure_ = FastOpenFailure::syn_retransmitted;
        } else if (syn_bytes_ > 0) {
            fast_open_failure_ = FastOpenFailure::data_not_taken;
        } else {
            fast_open_failure_ = FastOpenFailure::no_cookie;
        }
    }
    receiver_.want_ack_now();
    if (answer.payload.empty() && !answer.flags.fin) return;
    Segment rest = answer;
    trim(rest);
    take_data(rest, now);
}

bool Connection::passes_timestamps(const Segment& segment, Time now) {
    if (!agreed_.has_timestamps || !segment.options.timestamps || segment.flags.rst) return true;
    if (!is_older_timestamp(segment.options.timestamps->value, agreed_.recent_timestamp) ||
        now - timestamp_at_ > kTimestampLife) {
        return true;
    }
    // An acknowledgement that was overtaken tells nothing, and needs no answer.
    const bool is_bare = segment.length() == 0 && segment.sequence == receiver_.next() &&
                         segment.acknowledgement <= sender_.unacknowledged();
    if (!is_bare) answer_out_of_window(segment, now);
    return false;
}

void Connection::answer_out_of_window(const Segment& segment, Time now) {
    if (segment.flags.rst) return;
    if (segment.payload.empty() || segment.flags.syn) {
        send_challenge(now);
        return;
    }
    const Sequence end = segment.sequence + static_cast<std::uint32_t>(segment.payload.size());
    if (segment.sequence < receiver_.next()) {
        receiver_.note_duplicate(segment.sequence, earlier(end, receiver_.next()));
    }
    receiver_.want_ack_now();
}

// A reset counts where it is exactly the next that is awaited. RFC 5961, section 3.2
bool Connection::passes_reset(const Segment& segment, Time now) {
    if (!segment.flags.rst) return true;
    const bool peer_is_done = state_ == TcpState::close_wait || state_ == TcpState::last_ack ||
                              state_ == TcpState::closing;
    const bool is_exact = segment.sequence == receiver_.next() ||
                          (peer_is_done && segment.sequence == receiver_.next() - 1);
    if (!is_exact) {
        send_challenge(now);
        return false;
    }
    if (state_ == TcpState::closing || state_ == TcpState::last_ack) {
        over();
    } else {
        end_with(state_ == TcpState::close_wait ? EPIPE : ECONNRESET);
    }
    return false;
}

// RFC 9293, section 3.10.7.4, up to the SYN; RFC 7323 and RFC 5961 change it.
bool Connection::passes_checks(Segment& segment, Time now) {
    const bool repeats_syn =
        state_ == TcpState::syn_received && segment.flags.syn && segment.sequence == agreed_.theirs;
    if (repeats_syn && !segment.flags.ack && !segment.flags.rst) {
        send_syn_answer(now);
        return false;
    }
    if (!passes_timestamps(segment, now)) return false;
    if (repeats_syn && segment.flags.ack && !segment.flags.rst) {
        // Both began at once, and this is the peer's answer to ours.
        segment.flags.syn = false;
        segment.sequence += 1;
    }
    if (!receiver_.is_acceptable(segment)) {
        const bool is_late_reset = segment.flags.rst && segment.sequence == receiver_.next() - 1;
        if (is_late_reset) return passes_reset(segment, now);
        answer_out_of_window(segment, now);
        return false;
    }
    if (!passes_reset(segment, now)) return false;
    if (segment.flags.syn) {
        send_challenge(now);
        return false;
    }
    return segment.flags.ack;
}

// Only from a segment that was sent after the last acknowledgement. RFC 7323, section 4.3
void Connection::note_timestamp(const Segment& segment, Time now) {
    if (!agreed_.has_timestamps || !segment.options.timestamps) return;
    if (segment.sequence > receiver_.last_acknowledged()) return;
    if (is_older_timestamp(segment.options.timestamps->value, agreed_.recent_timestamp)) return;
    timestamp_at_ = now;
    agreed_.recent_timestamp = segment.options.timestamps->value;
}

// To what is new and lies within the window.
void Connection::trim(Segment& segment) {
    if (segment.flags.syn) {
        segment.flags.syn = false;
        segment.sequence += 1;
    }
    const Sequence next = receiver_.next();
    if (segment.sequence < next) {
        const std::uint32_t old = bytes_between(segment.sequence, next);
        const auto size = static_cast<std::uint32_t>(segment.payload.size());
        if (old > size) segment.flags.fin = false;
        if (size > 0)
            receiver_.note_duplicate(segment.sequence, segment.sequence + std::min(old, size));
        segment.payload.drop_front(old);
        segment.flags.urg = segment.flags.urg && segment.urgent_pointer > old;
        if (segment.flags.urg) segment.urgent_pointer -= static_cast<std::uint16_t>(old);
        segment.sequence = next;
    }
    const Sequence window_end = next + receiver_.window();
    const Sequence end = segment.sequence + static_cast<std::uint32_t>(segment.payload.size());
    if (end > window_end) {
        const auto fits =
            segment.sequence < window_end ? bytes_between(segment.sequence, window_end) : 0u;
        segment.payload.resize(fits);
        segment.flags.fin = false;
        receiver_.want_ack_now();
    }
}

bool Connection::leave_handshake(const Segment& segment, Time now) {
    const Sequence to = segment.acknowledgement;
    if (to <= agreed_.ours || to > sender_.next_sequence()) {
        send_reset(to, false, now);
        return false;
    }
    become_established(segment, now);
    return true;
}

bool Connection::take_acknowledgement(const Segment& segment, Time now) {
    if (state_ == TcpState::syn_received && !leave_handshake(segment, now)) return false;
    last_heard_ = now;
    keepalive_probes_ = 0;
    switch (sender_.acknowledged(segment, now)) {
        case Sender::Verdict::never_sent:
        case Sender::Verdict::too_old:
            send_challenge(now);
            return false;
        case Sender::Verdict::fine:
        case Sender::Verdict::old:
            break;
    }
    after_acknowledgement(now);
    return !is_over();
}

// Where our FIN has arrived, the state goes on.
void Connection::after_acknowledgement(Time now) {
    if (!sender_.fin_acknowledged()) return;
    if (state_ == TcpState::fin_wait_1) {
        state_ = TcpState::fin_wait_2;
        if (is_orphan_) final_at_ = after(now, settings_.fin_wait.value_or(limits_->fin_wait));
    } else if (state_ == TcpState::closing) {
        enter_time_wait(now);
    } else if (state_ == TcpState::last_ack) {
        over();
    }
}

void Connection::take_data(Segment& segment, Time now) {
    const bool is_open = state_ == TcpState::established || state_ == TcpState::fin_wait_1 ||
                         state_ == TcpState::fin_wait_2;
    if (!is_open || fin_received_) return;
    if (!segment.payload.empty() && read_is_over()) {
        // Nobody will read it, and the peer had better know. RFC 1122, section 4.2.2.13
        send_reset(sender_.next_sequence(), true, now);
        end_with(ECONNRESET);
        return;
    }
    const Sequence end = segment.sequence + static_cast<std::uint32_t>(segment.payload.size());
    if (!segment.payload.empty()) {
        if (agreed_.has_timestamps && segment.options.timestamps &&
            segment.payload.size() >= receiver_.segment_bytes()) {
            receiver_.measured(agreed_.clock.age(segment.options.timestamps->echo, now));
        }
        receiver_.take(segment.sequence, segment.payload.take(), sender_.timeout(), now);
    }
    if (segment.flags.fin) fin_at_ = end;
    if (fin_at_ && *fin_at_ == receiver_.next()) {
        take_fin(now);
    } else if (segment.flags.fin) {
        receiver_.want_ack_now();
    }
    receiver_.decide(sender_.timeout(), sender_.round_trip().smoothed(), now);
}

void Connection::take_fin(Time now) {
    fin_at_.reset();
    fin_received_ = true;
    const bool may_answer = state_ == TcpState::established && !is_orphan_;
    receiver_.take_fin(!may_answer);
    switch (state_) {
        case TcpState::established:
            state_ = TcpState::close_wait;
            break;
        case TcpState::fin_wait_1:
            state_ = TcpState::closing;
            break;
        case TcpState::fin_wait_2:
            enter_time_wait(now);
            break;
        default:
            break;
    }
}

void Connection::input_synchronized(Segment segment, Time now) {
    if (!passes_checks(segment, now)) return;
    note_timestamp(segment, now);
    if (!take_acknowledgement(segment, now)) return;
    receiver_.heed_mark(segment.ecn, segment.flags.cwr);
    trim(segment);
    if (segment.flags.urg && !is_orphan_) receiver_.take_urgent(segment);
    if (segment.length() > 0 || fin_at_) take_data(segment, now);
}

void Connection::input_time_wait(const Segment& segment, Time now) {
    if (segment.flags.rst) {
        if (limits_->assassinate_time_wait && segment.sequence == receiver_.next()) over();
        return;
    }
    const bool is_quiet = segment.length() == 0 && segment.sequence == receiver_.next();
    if (is_quiet) return;
    if (segment.flags.fin) {
        // Our last acknowledgement was lost.
        final_at_ = after(now, limits_->time_wait);
        receiver_.want_ack_now();
    } else {
        send_challenge(now);
    }
}

}  // namespace fivetuple::sim::tcp
