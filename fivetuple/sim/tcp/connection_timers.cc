#include "fivetuple/sim/tcp/connection.h"

#include <algorithm>
#include <cerrno>

namespace fivetuple::sim::tcp {

Time Connection::next_deadline() const {
    if (is_over()) return kNever;
    return std::min(
        {sender_.deadline(), receiver_.ack_deadline(), handshake_at_, keepalive_at_, final_at_});
}

void Connection::advance(Time now) {
    if (is_over()) return;
    if (now >= final_at_) {
        over();
        return;
    }
    if (now >= handshake_at_) handshake_timed_out(now);
    if (!is_over() && !sender_.deadline_passed(now)) give_up(now);
    if (is_over()) return;
    receiver_.ack_deadline_passed(now);
    if (now >= keepalive_at_) keepalive_due(now);
    flush(now);
}

void Connection::give_up(Time now) {
    // A program that is gone cannot be told; the peer can.
    if (is_orphan_) send_reset(sender_.next_sequence(), true, now);
    end_with(soft_error_ != 0 ? soft_error_ : ETIMEDOUT);
}

void Connection::handshake_timed_out(Time now) {
    const bool is_client = state_ == TcpState::syn_sent;
    unsigned most = limits_->syn_ack_retries;
    if (is_client) {
        most = settings_.syn_retries.value_or(limits_->syn_retries) + limits_->syn_linear_timeouts;
    }
    const Duration user = settings_.user_timeout;
    const bool user_has_enough = is_client && user > Duration::zero() && now - last_heard_ >= user;
    if (syn_repeats_ >= most || user_has_enough) {
        end_with(soft_error_ != 0 ? soft_error_ : ETIMEDOUT);
        return;
    }
    ++syn_repeats_;
    if (!is_client || syn_repeats_ > limits_->syn_linear_timeouts) {
        syn_timeout_ = std::min(syn_timeout_ * 2, limits_->most_timeout);
    }
    if (is_client) {
        send_syn(now);
        if (user > Duration::zero()) {
            handshake_at_ = std::clamp(after(last_heard_, user), now, handshake_at_);
        }
    } else {
        send_syn_answer(now);
    }
}

void Connection::arm_keepalive(Time now) {
    if (!settings_.keepalive) {
        keepalive_at_ = kNever;
    } else {
        keepalive_at_ = after(now, settings_.keepalive_idle.value_or(limits_->keepalive_idle));
    }
}

// RFC 9293, section 3.8.4: an old place in the stream, which the peer has to answer.
void Connection::keepalive_due(Time now) {
    const Duration idle = settings_.keepalive_idle.value_or(limits_->keepalive_idle);
    const Duration interval = settings_.keepalive_interval.value_or(limits_->keepalive_interval);
    const unsigned most = settings_.keepalive_probes.value_or(limits_->keepalive_probes);
    const Duration silent = now - std::max(last_heard_, receiver_.last_data());
    if (sender_.has_outstanding() || sender_.unsent_bytes() > 0) {
        // What is on its way is probe enough.
        keepalive_at_ = after(now, idle);
        return;
    }
    if (silent < idle) {
        keepalive_at_ = after(now, idle - silent);
        return;
    }
    const Duration user = settings_.user_timeout;
    const bool has_enough = user > Duration::zero() ? silent >= user && keepalive_probes_ > 0
                                                    : keepalive_probes_ >= most;
    if (has_enough) {
        send_reset(sender_.next_sequence(), true, now);
        end_with(soft_error_ != 0 ? soft_error_ : ETIMEDOUT);
        return;
    }
    ++keepalive_probes_;
    outbox_.push_back(make(sender_.unacknowledged() - 1, {.ack = true}, now));
    keepalive_at_ = after(now, interval);
}

void Connection::unreachable(int code, Time) {
    if (is_over()) return;
    if (state_ == TcpState::syn_sent || state_ == TcpState::syn_received) {
        end_with(code);
    } else {
        soft_error_ = code;
    }
}

void Connection::packet_too_big(std::uint16_t mtu, Time now) {
    if (is_over() || mtu >= mtu_) return;
    mtu_ = std::max<std::uint16_t>(mtu, tuple_.peer.ip().is_v6() ? 1280 : 576);
    if (!is_established()) return;
    const std::uint32_t options = agreed_.has_timestamps ? 12 : 0;
    const std::uint32_t whole = std::min<std::uint32_t>(agreed_.their_segment, payload_limit());
    sender_.path_shrank(std::max(whole, options + 8) - options, now);
    flush(now);
}

}  // namespace fivetuple::sim::tcp
