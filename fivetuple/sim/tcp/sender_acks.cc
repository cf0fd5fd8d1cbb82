#include "fivetuple/sim/tcp/sender.h"

#include <algorithm>
#include <chrono>

namespace fivetuple::sim::tcp {

// The window of a segment counts where it is news: RFC 9293, section 3.10.7.4. A window of zero in
// the newest place always does.
bool Sender::update_window(const Segment& segment) {
    const std::uint32_t offered = static_cast<std::uint32_t>(segment.window)
                                  << (segment.flags.syn ? 0 : terms_.window_scale);
    const bool is_news =
        segment.acknowledgement > unacknowledged_ || segment.sequence > window_said_at_ ||
        (segment.sequence == window_said_at_ && (offered > window_ || offered == 0));
    if (!is_news) return false;
    window_said_at_ = segment.sequence;
    const bool changed = offered != window_;
    window_ = offered;
    window_most_ = std::max(window_most_, offered);
    return changed;
}

void Sender::advance(Sequence to, Time now, Progress& progress) {
    counters_.bytes_acknowledged += bytes_between(unacknowledged_, to);
    unacknowledged_ = to;
    board_.acknowledge(to, now, progress);
    // The FIN has no byte in the buffer.
    buffer_.acknowledged(earlier(to, buffer_.end()));
    backoff_ = 0;
    retransmits_ = 0;
    unanswered_since_.reset();
    if (small_end_ < unacknowledged_) small_end_ = unacknowledged_;
    if (urgent_end_ && *urgent_end_ <= unacknowledged_) urgent_end_.reset();
    if (board_.empty() || mood_ == Mood::open) first_repeat_.reset();
}

void Sender::measure(const Segment& segment, const Progress& progress, bool advanced, Time now) {
    std::optional<Duration> sample = progress.round_trip;
    if (!sample) sample = progress.sack_round_trip;
    if (!sample && advanced && terms_.timestamps && segment.options.timestamps &&
        segment.options.timestamps->echo != 0) {
        sample = terms_.clock.age(segment.options.timestamps->echo, now);
    }
    if (sample) round_trip_.measured(*sample);
}

void Sender::answer_to_probe(Time now) {
    if (!has_unsent()) return;
    // The window may be open and still too small for the next piece; then probing goes on.
    const auto piece =
        static_cast<std::uint32_t>(std::min<std::size_t>(unsent_bytes(), piece_limit(0)));
    if (next_ + std::max(piece, 1u) <= unacknowledged_ + window_) {
        backoff_ = 0;
        probing_since_.reset();
        if (timer_ == Timer::persist) arm(Timer::none, kNever);
    } else if (timer_ != Timer::persist) {
        persist(now);
    }
}

// What came of a tail probe: where the original had been lost, the probe repaired it, and the
// window has to be cut for that loss. RFC 8985, section 7.4
void Sender::tail_probe_answered(const Segment& segment, const Progress& progress, bool advanced,
                                 Time now) {
    if (!tail_probe_end_ || segment.acknowledgement < *tail_probe_end_) return;
    const bool is_beyond = segment.acknowledgement > *tail_probe_end_;
    const bool was_needless = !tail_probe_repeated_ || progress.duplicate_reported ||
                              (!is_beyond && !advanced && progress.sacked == 0);
    if (!was_needless && !is_beyond) return;  // Which of the two it was is not known yet.
    tail_probe_end_.reset();
    if (!was_needless && (mood_ == Mood::open || mood_ == Mood::disorder)) {
        enter(Mood::reduced, now);
        congestion_->set_window(congestion_->threshold());
        mood_ = Mood::open;
    }
}

void Sender::heed_marks(const Segment& segment, Time now) {
    if (!terms_.ecn || !segment.flags.ece || segment.flags.syn) return;
    ++counters_.delivered_marked;
    if (mood_ != Mood::open && mood_ != Mood::disorder) return;
    enter(Mood::reduced, now);
    reduced_ = true;
}

Sender::Verdict Sender::acknowledged(const Segment& segment, Time now) {
    const Sequence to = segment.acknowledgement;
    if (!is_started_) return Verdict::old;
    last_heard_ = now;
    if (to > next_) return Verdict::never_sent;
    if (to < unacknowledged_) {
        if (bytes_between(to, unacknowledged_) > std::max(window_most_, 65535u)) {
            return Verdict::too_old;
        }
        return Verdict::old;
    }
    const bool was_outstanding = !board_.empty();
    Turn turn;
    turn.advanced = to > unacknowledged_;
    const bool window_changed = update_window(segment);
    turn.is_duplicate = !turn.advanced && was_outstanding && !window_changed &&
                        segment.payload.empty() && !segment.flags.fin && !segment.flags.syn;
    turn.is_early =
        can_undo_ && first_repeat_ && terms_.timestamps && segment.options.timestamps &&
        is_older_timestamp(segment.options.timestamps->echo, terms_.clock.at(*first_repeat_));
    Progress progress;
    if (terms_.sack) board_.sack(segment.options.sack, to, next_, now, progress);
    if (progress.duplicate_reported) {
        ++counters_.duplicates_reported;
        if (board_.has_seen_reordering()) reorder_steps_ = std::min(reorder_steps_ + 1, 16u);
    }
    if (turn.advanced) advance(to, now, progress);
    probes_ = 0;
    counters_.delivered += progress.delivered();
    if (!was_outstanding) {
        answer_to_probe(now);
        return Verdict::fine;
    }
    measure(segment, progress, turn.advanced, now);
    tail_probe_answered(segment, progress, turn.advanced, now);
    heed_marks(segment, now);
    recover(turn, progress, now);
    if (turn.advanced || progress.delivered() > 0) restart_timer(now);
    return Verdict::fine;
}

}  // namespace fivetuple::sim::tcp
