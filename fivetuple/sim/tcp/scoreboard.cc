#include "fivetuple/sim/tcp/scoreboard.h"

#include "fivetuple/base/assert.h"

#include <algorithm>

namespace fivetuple::sim::tcp {

void Scoreboard::add(Sequence begin, Sequence end, bool fin, Time now) {
    sent_.push_back({.begin = begin, .end = end, .at = now, .fin = fin});
}

std::uint32_t Scoreboard::in_flight() const {
    const std::uint64_t all = sent_.size() + again_;
    const std::uint64_t gone = sacked_ + lost_ + duplicates_;
    return all > gone ? static_cast<std::uint32_t>(all - gone) : 0;
}

// What is learnt of a segment when it is known to have arrived.
void Scoreboard::arrived(const Sent& segment, Time now, Progress& progress) {
    const bool was_repeated = segment.transmissions > 1;
    const Duration took = now - segment.at;
    if (was_repeated) {
        progress.repeated_was_acknowledged = true;
    } else {
        if (any_arrived_ && segment.end < highest_arrived_) {
            if (!reordering_seen_) reordering_seen_ = true;
            ++reorderings_;
        }
        least_round_trip_ = std::min(least_round_trip_, took);
    }
    if (!any_arrived_ || segment.end > highest_arrived_) highest_arrived_ = segment.end;
    // A copy that is answered faster than anything ever was: it is the first one that arrived.
    if (was_repeated && took < least_round_trip_) {
        any_arrived_ = true;
        return;
    }
    if (!any_arrived_ || segment.at > newest_at_ ||
        (segment.at == newest_at_ && segment.end > newest_end_)) {
        newest_at_ = segment.at;
        newest_end_ = segment.end;
        newest_round_trip_ = took;
    }
    any_arrived_ = true;
}

void Scoreboard::acknowledge(Sequence to, Time now, Progress& progress) {
    bool first = true;
    while (!sent_.empty() && sent_.front().end <= to) {
        const Sent& segment = sent_.front();
        if (segment.sacked) {
            --sacked_;
        } else {
            ++progress.acknowledged;
            if (segment.transmissions == 1 && first) progress.round_trip = now - segment.at;
            arrived(segment, now, progress);
        }
        first = false;
        if (segment.lost) --lost_;
        if (segment.in_flight_again) --again_;
        sent_.pop_front();
    }
    if (!sent_.empty() && sent_.front().begin < to) sent_.front().begin = to;
    if (progress.repeated_was_acknowledged) progress.round_trip.reset();
}

void Scoreboard::mark_sacked(Sequence begin, Sequence end, Time now, Progress& progress) {
    const Sent* first =
        std::ranges::partition_point(sent_, [begin](const Sent& s) { return s.end <= begin; });
    auto at = static_cast<std::size_t>(first - sent_.begin());
    for (; at < sent_.size() && sent_[at].begin < end; ++at) {
        if (sent_[at].sacked) continue;
        if (sent_[at].begin < begin) {
            split(sent_[at], bytes_between(sent_[at].begin, begin));
            continue;
        }
        if (sent_[at].end > end) split(sent_[at], bytes_between(sent_[at].begin, end));
        Sent& segment = sent_[at];
        if (segment.transmissions == 1) progress.sack_round_trip = now - segment.at;
        arrived(segment, now, progress);
        segment.sacked = true;
        ++sacked_;
        ++progress.sacked;
        if (segment.lost) --lost_;
        if (segment.in_flight_again) --again_;
        segment.lost = segment.in_flight_again = false;
    }
}

void Scoreboard::sack(const SackBlocks& blocks, Sequence acknowledged, Sequence sent_end, Time now,
                      Progress& progress) {
    for (std::size_t at = 0; at < blocks.size(); ++at) {
        const SackBlock& block = blocks[at];
        if (block.end <= block.begin || block.end > sent_end) continue;
        const bool is_old = block.end <= acknowledged;
        const bool is_inside_second = at == 0 && blocks.size() > 1 &&
                                      block.begin >= blocks[1].begin && block.end <= blocks[1].end;
        if (at == 0 && (is_old || is_inside_second)) {
            progress.duplicate_reported = true;
            continue;
        }
        if (is_old || sent_.empty() || block.begin < acknowledged) continue;
        mark_sacked(block.begin, block.end, now, progress);
    }
}

void Scoreboard::count_duplicate() {
    if (duplicates_ + lost_ + sacked_ < sent_.size()) ++duplicates_;
}

void Scoreboard::mark_lost(Sent& segment) {
    if (!segment.lost) {
        segment.lost = true;
        ++lost_;
    }
    if (segment.in_flight_again) {
        segment.in_flight_again = false;
        --again_;
    }
}

// RACK_sent_after: was it sent before the newest of those that arrived?
bool Scoreboard::went_before_newest(const Sent& segment) const {
    return segment.at < newest_at_ || (segment.at == newest_at_ && segment.end < newest_end_);
}

Scoreboard::Found Scoreboard::find_lost_by_time(Time now, Duration patience) {
    Found found;
    if (!any_arrived_) return found;
    for (Sent& segment : sent_) {
        const bool is_before = went_before_newest(segment);
        // What stands behind one that was sent once went later than that one, all of it.
        if (!is_before && segment.transmissions == 1) break;
        if (!is_before || segment.sacked || (segment.lost && !segment.in_flight_again)) continue;
        const Duration left = newest_round_trip_ + patience - (now - segment.at);
        if (left <= Duration::zero()) {
            mark_lost(segment);
            ++found.lost;
        } else {
            found.look_again = std::max(found.look_again, left);
        }
    }
    return found;
}

std::uint32_t Scoreboard::find_lost_by_count(unsigned threshold) {
    std::uint32_t behind = 0, found = 0;
    for (std::size_t at = sent_.size(); at > 0; --at) {
        Sent& segment = sent_[at - 1];
        if (segment.sacked) {
            ++behind;
        } else if (behind >= threshold && !segment.lost) {
            mark_lost(segment);
            ++found;
        }
    }
    return found;
}

bool Scoreboard::mark_front_lost() {
    if (sent_.empty() || sent_.front().sacked) return false;
    Sent& first = sent_.front();
    const bool is_news = !first.lost || first.in_flight_again;
    mark_lost(first);
    if (duplicates_ + lost_ > sent_.size() && duplicates_ > 0) --duplicates_;
    return is_news;
}

void Scoreboard::mark_all_lost() {
    // The peer may take back what it said of segments behind a gap (RFC 2018, section 8), and has
    // where it holds the first one and does not acknowledge it.
    const bool has_reneged = !sent_.empty() && sent_.front().sacked;
    duplicates_ = 0;
    for (Sent& segment : sent_) {
        if (segment.sacked && has_reneged) {
            segment.sacked = false;
            --sacked_;
        }
        if (!segment.sacked) mark_lost(segment);
    }
}

void Scoreboard::forget_losses() {
    for (Sent& segment : sent_) {
        if (segment.lost) --lost_;
        if (segment.in_flight_again) --again_;
        segment.lost = segment.in_flight_again = false;
    }
}

Sent* Scoreboard::next_lost() {
    if (lost_ == again_) return nullptr;
    for (Sent& segment : sent_) {
        if (segment.lost && !segment.in_flight_again) return &segment;
    }
    return nullptr;
}

void Scoreboard::sent_again(Sent& segment, Time now) {
    segment.at = now;
    ++segment.transmissions;
    if (segment.lost && !segment.in_flight_again) {
        segment.in_flight_again = true;
        ++again_;
    }
}

std::size_t Scoreboard::index_of(const Sent& segment) const {
    FT_ASSERT(&segment >= sent_.begin() && &segment < sent_.end(), "the segment is one of ours");
    return static_cast<std::size_t>(&segment - sent_.begin());
}

void Scoreboard::split(Sent& segment, std::uint32_t bytes) {
    FT_ASSERT(bytes > 0 && bytes < segment.size(), "both parts have something");
    const std::size_t index = index_of(segment);
    Sent rest = segment;
    rest.begin = segment.begin + bytes;
    segment.end = rest.begin;
    segment.fin = false;
    if (rest.sacked) ++sacked_;
    if (rest.lost) ++lost_;
    if (rest.in_flight_again) ++again_;
    sent_.insert(index + 1, rest);
}

void Scoreboard::clear() {
    sent_.clear();
    sacked_ = lost_ = again_ = duplicates_ = 0;
}

}  // namespace fivetuple::sim::tcp
