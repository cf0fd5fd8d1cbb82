#include "fivetuple/sim/tcp/receiver.h"

#include <algorithm>
#include <bit>

namespace fivetuple::sim::tcp {

namespace {

constexpr unsigned kMostQuick = 16;

}  // namespace

Receiver::Receiver(const Limits& limits, const Settings& settings)
    : limits_(&limits),
      settings_(&settings),
      buffer_bytes_(settings.receive_buffer.value_or(limits.receive_buffer.initial_bytes)) {}

std::size_t Receiver::capacity() const { return buffer_bytes_ / 2; }

std::size_t Receiver::clamp_bytes() const {
    const std::size_t clamp = settings_->window_clamp.value_or(SIZE_MAX);
    return std::min(clamp, capacity());
}

std::uint32_t Receiver::first_window(std::uint32_t segment_bytes) const {
    auto window = static_cast<std::uint32_t>(std::min<std::size_t>(clamp_bytes(), 65535));
    if (segment_bytes > 0 && window > segment_bytes) window -= window % segment_bytes;
    return window;
}

std::uint8_t Receiver::wanted_scale() const {
    std::size_t most = limits_->receive_buffer.most_bytes;
    if (settings_->receive_buffer) most = capacity();
    if (settings_->window_clamp) most = std::min(most, *settings_->window_clamp);
    const int bits = std::bit_width(most) - 16;
    return static_cast<std::uint8_t>(std::clamp(bits, 0, 14));
}

void Receiver::start(const ReceiveTerms& terms, Time now) {
    terms_ = terms;
    is_started_ = true;
    stream_.start(terms.first);
    acknowledged_ = tuned_from_ = terms.first;
    threshold_ = terms.window;
    edge_ = terms.first + threshold_;
    usual_bytes_ = std::min(terms.segment_bytes, 536u);
    tuned_at_ = last_data_ = now;
    tuned_bytes_ = std::min(threshold_, 10 * terms.segment_bytes);
}

bool Receiver::is_acceptable(const Segment& segment) const {
    const std::uint32_t offered = window();
    const Sequence end = next() + offered;
    // One place more than RFC 9293 has it, as in Linux: a bare acknowledgement of a peer that has
    // used up the whole window, some of which was lost, stands just behind it.
    if (segment.length() == 0) return segment.sequence >= next() && segment.sequence <= end;
    // What a shut window cannot take may still acknowledge something.
    if (segment.sequence == next()) return true;
    return offered > 0 && segment.end() > next() && segment.sequence < end;
}

void Receiver::quicken(unsigned most) {
    const std::uint32_t segments = usual_bytes_ > 0 ? window() / (2 * usual_bytes_) : 2;
    quick_ = std::max(quick_, std::clamp(segments, 2u, most));
}

// How long an acknowledgement may wait follows from how often data comes. (Linux's ato.)
void Receiver::note_data(std::size_t size, Duration timeout, Time now) {
    ++counters_.data_segments;
    const Duration least = limits_->delayed_ack_least;
    if (size >= usual_bytes_) {
        usual_bytes_ = static_cast<std::uint32_t>(
            std::min<std::size_t>(size, std::max(terms_.segment_bytes, 1u)));
    }
    if (delay_ == Duration::zero()) {
        quicken(kMostQuick);
        delay_ = least;
    } else {
        const Duration gap = now - last_data_;
        if (gap <= least / 2) {
            delay_ = delay_ / 2 + least / 2;
        } else if (gap < delay_) {
            delay_ = std::min(delay_ / 2 + gap, timeout);
        } else if (gap > timeout) {
            quicken(kMostQuick);
        }
    }
    last_data_ = now;
}

void Receiver::take(Sequence at, PoolBytes payload, Duration timeout, Time now) {
    const Bytes bytes = payload.bytes();
    note_data(bytes.size(), timeout, now);
    if (urgent_ == Urgent::coming && urgent_at_ >= at &&
        bytes_between(at, urgent_at_) < bytes.size()) {
        urgent_ = Urgent::here;
        urgent_byte_ = bytes[bytes_between(at, urgent_at_)];
    }
    const auto outcome = stream_.add(at, std::move(payload));
    counters_.bytes += outcome.in_order;
    if (outcome.out_of_order) {
        ++counters_.out_of_order;
        quicken(kMostQuick);
    }
    ack_pending_ = true;
    if (outcome.out_of_order || outcome.duplicate || outcome.filled_gap) ack_now_ = true;
    // What is offered grows with what comes, up to what there is room for.
    if (outcome.in_order > 0 && threshold_ < clamp_bytes()) {
        threshold_ = static_cast<std::uint32_t>(
            std::min<std::size_t>(clamp_bytes(), threshold_ + 2 * terms_.segment_bytes));
    }
}

void Receiver::take_fin(bool ack_now) {
    stream_.skip();
    ack_pending_ = true;
    if (ack_now) {
        ack_now_ = true;
    } else {
        is_conversation_ = true;
    }
}

void Receiver::take_urgent(const Segment& segment) {
    // The pointer tells what is behind the byte, whatever RFC 6093 says of it: as Linux has it.
    const Sequence at =
        segment.sequence + (segment.urgent_pointer > 0 ? segment.urgent_pointer - 1u : 0u);
    if (at < stream_.first_unread() || at < next()) return;
    if (urgent_ != Urgent::none && at <= urgent_at_) return;
    urgent_ = Urgent::coming;
    urgent_at_ = at;
}

void Receiver::measured(Duration round_trip) {
    round_trip_ = round_trip_ == Duration::zero() ? round_trip : (round_trip_ * 7 + round_trip) / 8;
}

// RFC 3168, section 6.1.3: said in every acknowledgement until the peer has cut its window.
void Receiver::heed_mark(Ecn ecn, bool peer_reduced) {
    if (!terms_.ecn) return;
    if (peer_reduced) echoes_mark_ = false;
    if (ecn != Ecn::congested) return;
    ++marked_;
    if (!echoes_mark_) ack_now_ = true;
    echoes_mark_ = true;
}

// Every second full segment is acknowledged at once, and each at the beginning; others wait for
// something to go with. RFC 9293, section 3.8.6.3
void Receiver::decide(Duration timeout, Duration round_trip, Time now) {
    if (!ack_pending_ || ack_now_) return;
    const std::uint32_t unsaid = bytes_between(acknowledged_, next());
    if (is_quick() || (unsaid > usual_bytes_ && select_window() >= window()) ||
        stream_.has_gaps()) {
        ack_now_ = true;
        return;
    }
    Duration wait = std::min(delay_, timeout);
    if (wait > limits_->delayed_ack_least) {
        Duration most =
            is_conversation_ ? limits_->delayed_ack_most : limits_->delayed_ack_most * 5 / 2;
        if (round_trip > Duration::zero()) {
            most = std::min(most, std::max(round_trip, limits_->delayed_ack_least));
        }
        wait = std::min(wait, most);
    }
    const Time at = now + wait;
    if (ack_at_ == kNever || at < ack_at_) ack_at_ = at;
}

void Receiver::ack_deadline_passed(Time now) {
    if (!ack_pending_ || now < ack_at_) return;
    // It waited for nothing: a little longer next time, where there is talk at all.
    if (is_conversation_) {
        is_conversation_ = false;
        delay_ = limits_->delayed_ack_least;
    } else {
        delay_ = std::min(delay_ * 2, limits_->delayed_ack_most);
    }
    ack_now_ = true;
}

void Receiver::data_sent(Time now) {
    if (now - last_data_ < delay_) is_conversation_ = true;
}

void Receiver::set_quick_ack(bool quick) {
    is_conversation_ = !quick;
    if (quick) {
        quicken(kMostQuick);
        if (ack_pending_) ack_now_ = true;
    }
}

void Receiver::acknowledged() {
    acknowledged_ = next();
    if (quick_ > 0 && ack_pending_) --quick_;
    ack_pending_ = ack_now_ = false;
    ack_at_ = kNever;
    stream_.duplicate_reported();
}

std::size_t Receiver::free_space() const {
    const std::size_t used = stream_.readable() + stream_.waiting();
    return capacity() > used ? capacity() - used : 0;
}

// What could be offered now: nothing, rather than something silly (RFC 9293, section 3.8.6.2.2).
std::uint32_t Receiver::select_window() const {
    const std::size_t whole = clamp_bytes();
    std::size_t space = std::min(free_space(), whole);
    const std::size_t segment = std::min<std::size_t>(usual_bytes_, whole);
    if (space < whole / 16 || space < segment) return 0;
    space = std::min<std::size_t>(space, threshold_);
    const std::size_t unit = std::size_t{1} << terms_.window_scale;
    // Rounded up to what can be told, where there is room for that.
    const std::size_t up = (space + unit - 1) / unit * unit;
    if (terms_.window_scale > 0)
        return static_cast<std::uint32_t>(std::min(up, whole / unit * unit));
    if (segment == 0) return static_cast<std::uint32_t>(space);
    const std::uint32_t now = window();
    if (now + segment <= space || now > space) {
        return static_cast<std::uint32_t>(space - space % segment);
    }
    return now;
}

std::uint16_t Receiver::advertise(bool is_syn) {
    if (is_syn) return static_cast<std::uint16_t>(terms_.window);
    const std::uint32_t most = 65535u << terms_.window_scale;
    std::uint32_t offer = std::min(select_window(), most);
    // What was offered is never taken back. RFC 9293, section 3.8.6
    const std::uint32_t unit = 1u << terms_.window_scale;
    if (offer < window()) offer = (window() + unit - 1) / unit * unit;
    offer = std::min(offer, most);
    edge_ = later(edge_, next() + offer);
    return static_cast<std::uint16_t>(offer >> terms_.window_scale);
}

bool Receiver::has_blocks() const {
    return terms_.sack && (stream_.has_gaps() || stream_.has_duplicate());
}

SackBlocks Receiver::blocks(std::size_t most) const {
    return has_blocks() ? stream_.blocks(most) : SackBlocks();
}

std::size_t Receiver::readable() const {
    std::size_t count = stream_.readable();
    if (count > 0 && is_at_mark() && !settings_->urgent_inline) --count;
    return count;
}

bool Receiver::is_readable() const {
    return readable() > 0 && readable() >= std::min(settings_->receive_low_water, capacity() / 2);
}

std::size_t Receiver::read(MutableBytes to, bool peek, Time now) {
    if (is_at_mark() && !settings_->urgent_inline && stream_.readable() > 0) {
        // The urgent byte stands beside the stream.
        stream_.consume(1);
        urgent_ = Urgent::none;
    }
    if (urgent_ != Urgent::none && urgent_at_ > stream_.first_unread()) {
        // A read ends in front of the mark.
        const std::size_t to_mark = bytes_between(stream_.first_unread(), urgent_at_);
        to = to.first(std::min(to.size(), to_mark));
    }
    const std::size_t count = stream_.copy(to);
    if (peek || count == 0) return count;
    stream_.consume(count);
    if (urgent_ != Urgent::none && urgent_at_ < stream_.first_unread()) urgent_ = Urgent::none;
    tune(now);
    return count;
}

void Receiver::was_read(std::size_t count) {
    if (!is_started_ || count == 0 || ack_now_) return;
    const std::uint32_t have = window();
    if (2 * std::uint64_t{have} > clamp_bytes()) return;
    const std::uint32_t could = select_window();
    if (could > 0 && could >= 2 * have) ack_now_ = true;
}

// Dynamic right-sizing: room for twice what was read in a round trip, and for what that grows by.
void Receiver::tune(Time now) {
    if (round_trip_ == Duration::zero() || now - tuned_at_ < round_trip_) return;
    const std::uint32_t read = bytes_between(tuned_from_, stream_.first_unread());
    if (read > tuned_bytes_ && limits_->autotune_receive && !settings_->receive_buffer) {
        std::uint64_t wanted = 2 * std::uint64_t{read} + 16 * std::uint64_t{terms_.segment_bytes};
        wanted += 2 * (wanted * (read - tuned_bytes_) / std::max(tuned_bytes_, 1u));
        const std::size_t bytes =
            std::min<std::uint64_t>(2 * wanted, limits_->receive_buffer.most_bytes);
        buffer_bytes_ = std::max(buffer_bytes_, bytes);
    }
    if (read > tuned_bytes_) tuned_bytes_ = read;
    tuned_from_ = stream_.first_unread();
    tuned_at_ = now;
}

}  // namespace fivetuple::sim::tcp
