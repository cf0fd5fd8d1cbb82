#include "fivetuple/sim/tcp/sender.h"

#include <algorithm>
#include <chrono>

namespace fivetuple::sim::tcp {

namespace {

constexpr Duration kTailProbeSlack = std::chrono::milliseconds(2);

}  // namespace

Duration Sender::timeout() const { return round_trip_.timeout(backoff_); }

Time Sender::deadline() const {
    if (!is_started_) return kNever;
    return held_by_pace_ ? std::min(timer_at_, pace_until_) : timer_at_;
}

void Sender::arm(Timer timer, Time at) {
    timer_ = timer;
    timer_at_ = at;
}

// As long as the segment that is waited for may take; not longer than the program wants to wait.
void Sender::arm_retransmit(Time now) {
    if (board_.empty()) {
        arm(Timer::none, kNever);
        return;
    }
    if (const auto delay = tail_probe_delay(now)) {
        arm(Timer::tail_probe, now + *delay);
        return;
    }
    Time at = now + timeout();
    if (settings_->user_timeout > Duration::zero() && unanswered_since_) {
        at = std::clamp(after(*unanswered_since_, settings_->user_timeout), now, at);
    }
    arm(Timer::retransmit, at);
}

void Sender::restart_timer(Time now) {
    if (timer_ != Timer::reorder || board_.empty()) arm_retransmit(now);
}

// RFC 8985, section 7.2: where no timer but the retransmission's would tell that the last segment
// of a flight was lost, the last one goes again a little earlier.
std::optional<Duration> Sender::tail_probe_delay(Time) const {
    if (!limits_->tail_probes || !terms_.sack || tail_probe_end_ || retransmits_ > 0) {
        return std::nullopt;
    }
    if ((mood_ != Mood::open && mood_ != Mood::reduced) || !round_trip_.is_known()) {
        return std::nullopt;
    }
    if (board_.empty() || board_.sacked() > 0) return std::nullopt;
    Duration delay = round_trip_.smoothed() * 2;
    delay += board_.size() == 1 ? limits_->least_timeout : kTailProbeSlack;
    return std::min(delay, timeout());
}

void Sender::persist(Time now) {
    const Duration delay =
        std::min(std::max(timeout(), limits_->least_timeout), limits_->most_timeout);
    Time at = now + delay;
    if (settings_->user_timeout > Duration::zero() && probing_since_) {
        at = std::clamp(after(*probing_since_, settings_->user_timeout), now, at);
    }
    arm(Timer::persist, at);
}

// A limit given in retransmissions is a time: that which as many would take from 200 ms on.
Duration Sender::patience_of(unsigned retries) const {
    Duration sum{}, each = limits_->least_timeout;
    for (unsigned count = 0; count <= retries; ++count) {
        sum += each;
        each = std::min(each * 2, limits_->most_timeout);
    }
    return sum;
}

bool Sender::has_given_up(Time now) const {
    if (retransmits_ == 0 || !unanswered_since_) return false;
    const Duration gone = now - *unanswered_since_;
    if (settings_->user_timeout > Duration::zero()) return gone >= settings_->user_timeout;
    return gone >= patience_of(is_orphan_ ? limits_->orphan_retries : limits_->retries);
}

bool Sender::is_silent(Time now) const {
    if (retransmits_ == 0) return false;
    const Duration limit = settings_->user_timeout > Duration::zero() ? settings_->user_timeout
                                                                      : limits_->most_timeout * 2;
    return now - last_heard_ > limit;
}

bool Sender::retransmit(Time now) {
    arm(Timer::none, kNever);
    if (board_.empty()) return true;
    // A peer that keeps its window shut and answers is alive.
    if (window_ > 0 ? has_given_up(now) : is_silent(now)) return false;
    enter_loss(now);
    ++retransmits_;
    ++backoff_;
    arm_retransmit(now);
    return true;
}

void Sender::probe_tail(Time now) {
    arm(Timer::none, kNever);
    if (board_.empty()) return;
    tail_probe_end_ = next_;
    const bool fresh_fits =
        unsent_bytes() > 0 &&
        next_ + std::min<std::uint32_t>(static_cast<std::uint32_t>(unsent_bytes()),
                                        piece_limit(0)) <=
            unacknowledged_ + window_ &&
        board_.in_flight() < congestion_->window();
    tail_probe_repeated_ = !fresh_fits;
    if (fresh_fits) {
        pushed_ = true;
    } else {
        force_ = Force::tail;
    }
    arm(Timer::retransmit, now + timeout());
}

bool Sender::probe_window(Time now) {
    arm(Timer::none, kNever);
    if (!board_.empty() || !has_unsent()) return true;
    if (!probing_since_) probing_since_ = now;
    const Duration limit = settings_->user_timeout;
    if (limit > Duration::zero() && now - *probing_since_ >= limit) return false;
    const unsigned most = is_orphan_ ? limits_->orphan_retries : limits_->retries;
    if (probes_ >= most) return false;
    force_ = Force::window;
    ++probes_;
    if (backoff_ < most) ++backoff_;
    persist(now);
    return true;
}

bool Sender::deadline_passed(Time now) {
    if (now < timer_at_) return true;
    switch (timer_) {
        case Timer::none:
            return true;
        case Timer::retransmit:
            return retransmit(now);
        case Timer::tail_probe:
            probe_tail(now);
            return true;
        case Timer::reorder: {
            arm(Timer::none, kNever);
            Progress progress;
            recover({}, progress, now);
            if (timer_ == Timer::none && !board_.empty()) arm_retransmit(now);
            return true;
        }
        case Timer::persist:
            return probe_window(now);
    }
    return true;
}

}  // namespace fivetuple::sim::tcp
