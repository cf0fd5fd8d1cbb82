#include "fivetuple/sim/tcp/sender.h"

#include <algorithm>

namespace fivetuple::sim::tcp {

// How much later than something that was sent after it a segment may come. RFC 8985, section 6.2:
// nothing, once as much is missing as RFC 5681 asks for and no reordering has been seen.
Duration Sender::patience() const {
    if (!board_.has_seen_reordering() && (mood_ == Mood::recovery || mood_ == Mood::loss ||
                                          board_.sacked() >= limits_->reordering)) {
        return Duration::zero();
    }
    return std::min(round_trip_.least() / 4 * reorder_steps_, round_trip_.smoothed());
}

std::uint32_t Sender::find_lost(Time now) {
    if (!terms_.sack) return 0;
    if (!limits_->rack) return board_.find_lost_by_count(limits_->reordering);
    const auto found = board_.find_lost_by_time(now, patience());
    if (found.look_again > Duration::zero()) {
        arm(Timer::reorder, now + found.look_again);
    } else if (timer_ == Timer::reorder) {
        arm(Timer::none, kNever);
        arm_retransmit(now);
    }
    return found.lost;
}

void Sender::enter(Mood mood, Time now) {
    mood_ = mood;
    window_before_ = window_at_cut_ = congestion_->window();
    threshold_before_ = congestion_->threshold();
    recovery_end_ = next_;
    delivered_since_cut_ = sent_since_cut_ = 0;
    can_undo_ = mood != Mood::reduced;
    tail_probe_end_.reset();
    congestion_->lost(now);
}

void Sender::enter_loss(Time now) {
    // Timeouts in a row are one loss.
    const bool is_new = mood_ != Mood::loss || retransmits_ == 0;
    if (is_new && mood_ != Mood::recovery) {
        enter(Mood::loss, now);
    } else {
        mood_ = Mood::loss;
        recovery_end_ = next_;
        tail_probe_end_.reset();
    }
    board_.mark_all_lost();
    congestion_->timed_out();
    congestion_->set_window(1);
    ++counters_.timeouts;
}

// The acknowledgement is of a segment that went before anything was repeated: nothing was lost, and
// the cut was a mistake. RFC 3522 (Eifel), RFC 4015
void Sender::undo() {
    congestion_->undo(window_before_, threshold_before_);
    board_.forget_losses();
    can_undo_ = false;
    mood_ = Mood::open;
    first_repeat_.reset();
}

void Sender::leave_mood() {
    if (mood_ == Mood::open || mood_ == Mood::disorder || unacknowledged_ < recovery_end_) return;
    if (mood_ == Mood::recovery || mood_ == Mood::reduced) {
        congestion_->set_window(std::min(congestion_->threshold(), window_before_));
    }
    mood_ = Mood::open;
    can_undo_ = false;
    first_repeat_.reset();
    board_.forget_duplicates();
}

// Proportional rate reduction (RFC 6937): as the network delivers, so is sent, down to the
// threshold, and up to it again where more was lost than the cut asks for.
void Sender::reduce_window(std::uint32_t delivered, std::uint32_t newly_lost, bool advanced) {
    if (delivered == 0 && sent_since_cut_ > 0) return;
    delivered_since_cut_ += delivered;
    const std::uint32_t flight = board_.in_flight();
    const std::uint32_t goal = congestion_->threshold();
    std::uint32_t may_send = 0;
    if (flight > goal) {
        const std::uint64_t share =
            (static_cast<std::uint64_t>(goal) * delivered_since_cut_ + window_at_cut_ - 1) /
            std::max(window_at_cut_, 1u);
        may_send =
            share > sent_since_cut_ ? static_cast<std::uint32_t>(share) - sent_since_cut_ : 0;
    } else {
        may_send = std::max(
            delivered_since_cut_ > sent_since_cut_ ? delivered_since_cut_ - sent_since_cut_ : 0,
            delivered);
        if (advanced && newly_lost == 0) ++may_send;
        may_send = std::min(goal - flight, may_send);
    }
    // The first repair goes at once.
    if (sent_since_cut_ == 0) may_send = std::max(may_send, 1u);
    congestion_->set_window(flight + may_send);
}

// What the loss makes necessary, in the mood that there is, which it may change.
void Sender::repair(const Turn& turn, Progress& progress, Time now) {
    const bool counts = !terms_.sack;
    if (counts && turn.advanced) {
        board_.forget_duplicates();
    } else if (counts && turn.is_duplicate && mood_ != Mood::loss) {
        board_.count_duplicate();
        ++progress.sacked;
    }
    progress.newly_lost = find_lost(now);
    if (mood_ == Mood::recovery || mood_ == Mood::loss) {
        // NewReno: an acknowledgement of a part tells that the next one is missing. RFC 6582
        if (counts && turn.advanced && mood_ == Mood::recovery && board_.mark_front_lost()) {
            ++progress.newly_lost;
        }
        return;
    }
    if (counts && board_.sacked() >= limits_->reordering && board_.mark_front_lost()) {
        ++progress.newly_lost;
    }
    if (board_.lost() > 0) {
        const bool was_cut = mood_ == Mood::reduced;
        if (was_cut) {
            mood_ = Mood::recovery;
            recovery_end_ = next_;
        } else {
            enter(Mood::recovery, now);
        }
    } else if (mood_ != Mood::reduced) {
        mood_ = board_.sacked() > 0 ? Mood::disorder : Mood::open;
    }
}

void Sender::grow(const Progress& progress, Time now) {
    if (!window_limits_ &&
        !(congestion_->is_slow_start() && congestion_->window() < 2 * most_in_flight_)) {
        return;
    }
    congestion_->delivered(progress.delivered(), round_trip_.smoothed(), now);
}

void Sender::recover(const Turn& turn, Progress& progress, Time now) {
    if (turn.advanced && turn.is_early && (mood_ == Mood::loss || mood_ == Mood::recovery)) undo();
    leave_mood();
    repair(turn, progress, now);
    if (mood_ == Mood::recovery || mood_ == Mood::reduced) {
        reduce_window(progress.delivered(), progress.newly_lost, turn.advanced);
    } else if (turn.advanced) {
        grow(progress, now);
    }
    if (unacknowledged_ >= flight_end_) {
        flight_end_ = next_;
        most_in_flight_ = board_.in_flight();
        window_limits_ = false;
    }
}

}  // namespace fivetuple::sim::tcp
