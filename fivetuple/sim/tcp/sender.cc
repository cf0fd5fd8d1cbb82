#include "fivetuple/sim/tcp/sender.h"

#include "fivetuple/base/assert.h"

#include <algorithm>
#include <chrono>

namespace fivetuple::sim::tcp {

namespace {

// Half of what Linux counts is bookkeeping.
constexpr std::size_t payload_of(std::size_t counted) { return counted / 2; }
constexpr std::size_t kFirstSpace = 43520;
constexpr std::uint32_t kSmallestMost = 536;

}  // namespace

Sender::Sender(const Limits& limits, const Settings& settings)
    : limits_(&limits), settings_(&settings), round_trip_(limits) {}

void Sender::start(const SendTerms& terms, Time now) {
    terms_ = terms;
    is_started_ = true;
    // What was written before the handshake was done stays, at its place now.
    if (urgent_end_) urgent_end_ = terms.first + bytes_between(buffer_.begin(), *urgent_end_);
    buffer_.start(terms.first);
    unacknowledged_ = next_ = small_end_ = flight_end_ = terms.first;
    segment_bytes_ = terms.segment_bytes;
    window_ = window_most_ = terms.window;
    window_said_at_ = terms.window_said_at;
    congestion_ = make_congestion(settings_->congestion.value_or(limits_->congestion),
                                  limits_->initial_window);
    last_sent_ = now;
}

std::size_t Sender::space() const {
    std::size_t whole;
    if (settings_->send_buffer) {
        whole = payload_of(*settings_->send_buffer);
    } else {
        // It grows with what the network carries.
        const std::size_t wanted =
            is_started_ ? std::size_t{3} * congestion_->window() * segment_bytes_ : 0;
        whole = std::clamp(
            wanted,
            std::max(payload_of(limits_->send_buffer.initial_bytes), is_started_ ? kFirstSpace : 0),
            payload_of(limits_->send_buffer.most_bytes));
    }
    return whole > buffer_.size() ? whole - buffer_.size() : 0;
}

bool Sender::is_writable() const {
    const std::size_t low = settings_->not_sent_low_water.value_or(UINT32_MAX);
    return space() > 0 && space() >= buffer_.size() / 2 && unsent_bytes() < low;
}

std::size_t Sender::write(Bytes bytes, bool more) {
    FT_ASSERT(!fin_wanted_, "nothing is written behind the end");
    const Bytes taken = bytes.first(std::min(bytes.size(), space()));
    buffer_.append(taken);
    more_comes_ = more && taken.size() == bytes.size();
    return taken.size();
}

void Sender::purge() {
    buffer_.purge();
    board_.clear();
    arm(Timer::none, kNever);
    is_started_ = false;
    fin_wanted_ = true;
    force_ = Force::none;
}

std::size_t Sender::unsent_bytes() const {
    if (!is_started_) return buffer_.size();
    return next_ < buffer_.end() ? bytes_between(next_, buffer_.end()) : 0;
}

bool Sender::has_unsent() const { return unsent_bytes() > 0 || (fin_wanted_ && !fin_sent_); }

// A full segment; of a peer whose whole window is small, half of that window.
std::uint32_t Sender::piece_limit(std::size_t option_bytes) const {
    std::uint32_t limit = segment_bytes_;
    if (option_bytes < limit) limit -= static_cast<std::uint32_t>(option_bytes);
    const std::uint32_t half = window_most_ > kSmallestMost ? window_most_ / 2 : window_most_;
    return half > 0 ? std::max(std::min(limit, half), 1u) : limit;
}

// RFC 9293, section 3.7.4, as Minshall changed it: one small segment may be on its way.
bool Sender::nagle_holds(std::uint32_t size, std::uint32_t limit) const {
    if (size >= limit || pushed_) return false;
    if (settings_->cork || more_comes_) return true;
    return !settings_->no_delay && !board_.empty() && small_end_ > unacknowledged_;
}

Outgoing Sender::describe(Sequence from, Sequence to, bool fin) const {
    Outgoing out;
    out.at = from;
    out.fin = fin;
    out.payload = buffer_.between(from, fin ? to - 1 : to);
    out.push = !out.payload.empty() &&
               from + static_cast<std::uint32_t>(out.payload.size()) == buffer_.end();
    if (urgent_end_ && *urgent_end_ > from && *urgent_end_ - from <= 0xffff) {
        out.urgent_pointer = static_cast<std::uint16_t>(*urgent_end_ - from);
    }
    return out;
}

void Sender::before_sending(Time now) {
    if (!board_.empty() || !limits_->idle_restart) return;
    const Duration idle = now - last_sent_;
    if (idle > timeout()) congestion_->restart_after(idle, timeout(), limits_->initial_window);
}

Sequence Sender::acceptable_sequence() const {
    const Sequence window_end = unacknowledged_ + window_;
    if (!is_started_ || next_ <= window_end) return next_;
    const bool by_rounding = bytes_between(window_end, next_) < (1u << terms_.window_scale);
    return by_rounding ? next_ : window_end;
}

void Sender::pace(std::size_t bytes, Time now) {
    if (!settings_->pacing_rate || *settings_->pacing_rate == 0) return;
    const auto nanoseconds = static_cast<unsigned __int128>(bytes + Segment::kHeaderBytes) *
                             1'000'000'000u / *settings_->pacing_rate;
    pace_until_ =
        after(std::max(pace_until_, now), Duration(static_cast<std::int64_t>(nanoseconds)));
}

Outgoing Sender::send_fresh(std::uint32_t size, bool fin, Time now) {
    before_sending(now);
    const Sequence from = next_;
    next_ += size + (fin ? 1 : 0);
    if (fin) fin_sent_ = true;
    if (size > 0 && size < piece_limit(0)) small_end_ = from + size;
    probing_since_.reset();
    board_.add(from, next_, fin, now);
    Outgoing out = describe(from, next_, fin);
    if (size > 0) {
        out.reduced = reduced_;
        reduced_ = false;
        ++counters_.data_segments;
    }
    counters_.bytes_sent += size;
    if (mood_ == Mood::recovery || mood_ == Mood::reduced) ++sent_since_cut_;
    most_in_flight_ = std::max(most_in_flight_, board_.in_flight());
    last_sent_ = now;
    pace(size, now);
    if (next_ == buffer_.end() + (fin_sent_ ? 1 : 0)) pushed_ = false;
    if (timer_ == Timer::none || timer_ == Timer::persist || timer_ == Timer::tail_probe) {
        arm_retransmit(now);
    }
    return out;
}

std::optional<Outgoing> Sender::next_fresh(Time now, std::size_t option_bytes) {
    if (!has_unsent()) return std::nullopt;
    const std::uint32_t limit = piece_limit(option_bytes);
    const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(unsent_bytes(), limit));
    const bool takes_all = size == unsent_bytes();
    const bool fin = takes_all && fin_wanted_ && !fin_sent_;
    if (board_.in_flight() >= congestion_->window() && !(fin && size == 0)) {
        window_limits_ = true;
        return std::nullopt;
    }
    if (next_ + size + (fin ? 1 : 0) > unacknowledged_ + window_) return std::nullopt;
    if (!fin && nagle_holds(size, limit)) return std::nullopt;
    return send_fresh(size, fin, now);
}

Outgoing Sender::send_repeated(Sent& segment, Time now) {
    board_.sent_again(segment, now);
    ++counters_.segments_repeated;
    counters_.bytes_repeated += segment.size();
    counters_.bytes_sent += segment.size();
    ++counters_.data_segments;
    if (!first_repeat_) first_repeat_ = now;
    if (!unanswered_since_) unanswered_since_ = now;
    most_in_flight_ = std::max(most_in_flight_, board_.in_flight());
    if (mood_ == Mood::recovery || mood_ == Mood::reduced) ++sent_since_cut_;
    last_sent_ = now;
    pace(segment.size(), now);
    if (timer_ == Timer::none || timer_ == Timer::persist) arm_retransmit(now);
    Outgoing out = describe(segment.begin, segment.end, segment.fin);
    out.is_repeated = true;
    return out;
}

std::optional<Outgoing> Sender::next_repeated(Time now, std::size_t option_bytes) {
    Sent* segment = board_.next_lost();
    if (segment == nullptr) return std::nullopt;
    if (board_.in_flight() >= congestion_->window()) {
        window_limits_ = true;
        return std::nullopt;
    }
    // A peer that took its window back gets the first segment, as a probe, and no more than that.
    const bool is_first = segment->begin == unacknowledged_;
    const Sequence window_end = unacknowledged_ + window_;
    if (segment->begin >= window_end && !is_first) return std::nullopt;
    std::uint32_t most = piece_limit(option_bytes);
    if (segment->end > window_end && segment->begin < window_end) {
        most = std::min(most, bytes_between(segment->begin, window_end));
    }
    const std::uint32_t payload = segment->size() - (segment->fin ? 1 : 0);
    if (payload > most) {
        board_.split(*segment, most);
        segment = board_.next_lost();  // Splitting moves segments.
    }
    return send_repeated(*segment, now);
}

std::optional<Outgoing> Sender::next(Time now, std::size_t option_bytes) {
    held_by_pace_ = false;
    if (!is_started_) return std::nullopt;
    if (force_ == Force::window) {
        force_ = Force::none;
        const Sequence window_end = unacknowledged_ + window_;
        if (unsent_bytes() > 0 && next_ < window_end) {
            const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(
                {unsent_bytes(), piece_limit(option_bytes), bytes_between(next_, window_end)}));
            backoff_ = probes_ = 0;
            return send_fresh(size, false, now);
        }
        // An old byte's place, and nothing in it: whoever gets that says what its window is.
        Outgoing probe;
        probe.at = unacknowledged_ - 1;
        return probe;
    }
    if (force_ == Force::tail) {
        force_ = Force::none;
        const bool is_within = !board_.empty() && board_.back().end <= unacknowledged_ + window_;
        if (is_within) {
            // Blocks of SACK may leave less room than there was: then its end goes.
            const Sent& last = board_.back();
            const std::uint32_t payload = last.size() - (last.fin ? 1 : 0);
            const std::uint32_t limit = piece_limit(option_bytes);
            if (payload > limit) board_.split(board_.back(), payload - limit);
            return send_repeated(board_.back(), now);
        }
    }
    if (now < pace_until_) {
        held_by_pace_ = true;
        return std::nullopt;
    }
    if (auto again = next_repeated(now, option_bytes)) return again;
    return next_fresh(now, option_bytes);
}

void Sender::settle(Time now) {
    if (!is_started_) return;
    if (board_.empty() && has_unsent() && timer_ == Timer::none && !held_by_pace_) persist(now);
    if (board_.empty() && !has_unsent()) arm(Timer::none, kNever);
}

Pieces Sender::queued(std::size_t most) const {
    const auto count = static_cast<std::uint32_t>(std::min(most, buffer_.size()));
    return buffer_.between(buffer_.begin(), buffer_.begin() + count);
}

void Sender::went_with_syn(Sequence acknowledged) {
    const Sequence end = earlier(acknowledged, buffer_.end());
    counters_.bytes_sent += bytes_between(buffer_.begin(), end);
    counters_.bytes_acknowledged += bytes_between(buffer_.begin(), end);
    ++counters_.data_segments;
    buffer_.acknowledged(end);
    unacknowledged_ = next_ = small_end_ = flight_end_ = end;
}

void Sender::path_shrank(std::uint32_t segment_bytes, Time now) {
    if (!is_started_ || segment_bytes >= segment_bytes_) return;
    segment_bytes_ = segment_bytes;
    // Only what was too large was dropped, but it is not known which of them came back.
    board_.mark_all_lost();
    if (!board_.empty() && mood_ != Mood::loss) {
        mood_ = Mood::loss;
        recovery_end_ = next_;
        can_undo_ = false;
        window_at_cut_ = congestion_->window();
    }
    if (!board_.empty()) arm_retransmit(now);
}

}  // namespace fivetuple::sim::tcp
