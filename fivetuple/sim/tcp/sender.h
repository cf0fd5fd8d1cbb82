#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/sim/tcp/congestion.h"
#include "fivetuple/sim/tcp/limits.h"
#include "fivetuple/sim/tcp/rtt.h"
#include "fivetuple/sim/tcp/scoreboard.h"
#include "fivetuple/sim/tcp/segment.h"
#include "fivetuple/sim/tcp/send_buffer.h"
#include "fivetuple/sim/tcp/settings.h"
#include "fivetuple/sim/tcp/timestamp_clock.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace fivetuple::sim::tcp {

/// What the handshake settled for one who sends.
struct SendTerms {
    Sequence first;                   ///< Of the first byte.
    std::uint32_t segment_bytes = 0;  ///< Payload of a full segment.
    std::uint8_t window_scale = 0;    ///< The peer's.
    std::uint32_t window = 0;         ///< What the peer offered, in bytes.
    Sequence window_said_at;          ///< In a segment with that sequence.
    bool sack = false;
    bool timestamps = false;
    bool ecn = false;
    TimestampClock clock;
};

/// What is to go out: a part of the stream, or nothing but an answer (`payload` empty, no FIN).
struct Outgoing {
    Sequence at;
    Pieces payload;  ///< Of the send buffer: valid until the sender is asked something else.
    bool fin = false;
    bool push = false;
    bool is_repeated = false;
    bool reduced = false;  ///< CWR: the window was cut because of a mark.
    std::optional<std::uint16_t> urgent_pointer;
};

/// What Linux calls the state of congestion: see TcpCongestionState.
enum class Mood : std::uint8_t { open, disorder, reduced, recovery, loss };

/// The half of a connection that sends: the peer's window, Nagle, the congestion window, losses and
/// their repair, and the timers of all these. It knows no states of TCP.
class Sender {
public:
    Sender(const Limits& limits, const Settings& settings);

    void start(const SendTerms& terms, Time now);
    /// Ever, even if what was written has been purged since.
    bool has_begun() const { return congestion_ != nullptr; }

    // The program's side.
    /// Takes at most space() bytes. With `more` the rest of a segment is waited for.
    std::size_t write(Bytes bytes, bool more);
    /// The byte written last is urgent.
    void mark_urgent() { urgent_end_ = buffer_.end(); }
    /// A FIN goes behind what was written.
    void finish() { fin_wanted_ = true; }
    std::size_t space() const;
    /// As EPOLLOUT has it: a third is free, and not more than the mark is unsent.
    bool is_writable() const;
    bool is_finished() const { return fin_wanted_; }
    /// Nothing of what was written will be sent.
    void purge();

    // The network's side.
    enum class Verdict : std::uint8_t { fine, old, too_old, never_sent };
    Verdict acknowledged(const Segment& segment, Time now);
    /// The next segment that may go now, of which `option_bytes` are taken by more options than
    /// each has. To be asked until it has none; then settle().
    std::optional<Outgoing> next(Time now, std::size_t option_bytes);
    void settle(Time now);
    /// A measurement from the handshake.
    void measured(Duration round_trip) { round_trip_.measured(round_trip); }
    void set_segment_bytes(std::uint32_t bytes) { segment_bytes_ = bytes; }
    /// The path takes less than was sent: what is in flight goes again, in smaller pieces.
    void path_shrank(std::uint32_t segment_bytes, Time now);
    /// The first that were written, before anything was sent.
    Pieces queued(std::size_t most) const;
    /// Bytes that went with the SYN and were acknowledged by its answer.
    void went_with_syn(Sequence acknowledged);
    /// Makes whatever Nagle or a cork holds back go.
    void push() { pushed_ = true; }

    // Time.
    Time deadline() const;
    /// False where the peer has not answered for too long.
    bool deadline_passed(Time now);
    void set_orphan() { is_orphan_ = true; }

    Sequence unacknowledged() const { return unacknowledged_; }
    Sequence next_sequence() const { return next_; }
    /// Where a bare acknowledgement stands so that the peer takes it, even if it has taken back
    /// some of its window.
    Sequence acceptable_sequence() const;
    bool has_outstanding() const { return !board_.empty(); }
    bool fin_acknowledged() const { return fin_sent_ && unacknowledged_ == next_; }
    std::size_t unsent_bytes() const;
    std::size_t queued_bytes() const { return buffer_.size(); }
    std::uint32_t peer_window() const { return window_; }
    std::uint32_t segment_bytes() const { return segment_bytes_; }
    std::uint8_t window_scale() const { return terms_.window_scale; }
    const RoundTrip& round_trip() const { return round_trip_; }
    const Congestion& congestion() const { return *congestion_; }
    const Scoreboard& board() const { return board_; }
    Mood mood() const { return mood_; }
    Duration timeout() const;
    unsigned retransmits() const { return retransmits_; }
    unsigned probes() const { return probes_; }
    unsigned backoff() const { return backoff_; }

    struct Counters {
        std::uint64_t bytes_sent = 0;
        std::uint64_t bytes_repeated = 0;
        std::uint64_t bytes_acknowledged = 0;
        std::uint32_t segments_repeated = 0;
        std::uint32_t data_segments = 0;
        std::uint32_t delivered = 0;
        std::uint32_t delivered_marked = 0;
        std::uint32_t duplicates_reported = 0;
        std::uint16_t timeouts = 0;
    };
    const Counters& counters() const { return counters_; }
    Time last_data_sent() const { return last_sent_; }

private:
    enum class Timer : std::uint8_t { none, retransmit, tail_probe, reorder, persist };

    // sender.cc: what may go.
    bool has_unsent() const;
    std::uint32_t piece_limit(std::size_t option_bytes) const;
    bool nagle_holds(std::uint32_t size, std::uint32_t limit) const;
    std::optional<Outgoing> next_fresh(Time now, std::size_t option_bytes);
    Outgoing send_fresh(std::uint32_t size, bool fin, Time now);
    std::optional<Outgoing> next_repeated(Time now, std::size_t option_bytes);
    Outgoing send_repeated(Sent& segment, Time now);
    Outgoing describe(Sequence from, Sequence to, bool fin) const;
    void before_sending(Time now);
    void pace(std::size_t bytes, Time now);

    // sender_acks.cc: what an acknowledgement tells.
    bool update_window(const Segment& segment);
    void advance(Sequence to, Time now, Progress& progress);
    void measure(const Segment& segment, const Progress& progress, bool advanced, Time now);
    void answer_to_probe(Time now);
    void tail_probe_answered(const Segment& segment, const Progress& progress, bool advanced,
                             Time now);
    void heed_marks(const Segment& segment, Time now);

    // sender_recovery.cc: losses.
    struct Turn {
        bool advanced = false;
        bool is_duplicate = false;
        bool is_early = false;  ///< It answers a segment from before the repair.
    };
    void recover(const Turn& turn, Progress& progress, Time now);
    void leave_mood();
    void repair(const Turn& turn, Progress& progress, Time now);
    std::uint32_t find_lost(Time now);
    Duration patience() const;
    void enter(Mood mood, Time now);
    void enter_loss(Time now);
    void undo();
    void reduce_window(std::uint32_t delivered, std::uint32_t newly_lost, bool advanced);
    void grow(const Progress& progress, Time now);

    // sender_timers.cc
    void arm(Timer timer, Time at);
    void arm_retransmit(Time now);
    void restart_timer(Time now);
    std::optional<Duration> tail_probe_delay(Time now) const;
    void persist(Time now);
    void probe_tail(Time now);
    bool retransmit(Time now);
    bool probe_window(Time now);
    bool has_given_up(Time now) const;
    bool is_silent(Time now) const;
    Duration patience_of(unsigned retries) const;

    const Limits* limits_;
    const Settings* settings_;
    SendTerms terms_;
    bool is_started_ = false;
    bool is_orphan_ = false;

    SendBuffer buffer_;
    Scoreboard board_;
    RoundTrip round_trip_;
    std::unique_ptr<Congestion> congestion_;

    Sequence unacknowledged_;
    Sequence next_;
    std::uint32_t segment_bytes_ = 0;
    std::uint32_t window_ = 0;
    std::uint32_t window_most_ = 0;  // The largest ever offered.
    Sequence window_said_at_;
    Sequence small_end_;  // Behind the last segment that was not full: Minshall's Nagle.
    bool fin_wanted_ = false;
    bool fin_sent_ = false;
    bool more_comes_ = false;
    bool pushed_ = false;
    std::optional<Sequence> urgent_end_;

    Mood mood_ = Mood::open;
    Sequence recovery_end_;
    std::uint32_t window_before_ = 0;
    std::uint32_t threshold_before_ = 0;
    std::uint32_t window_at_cut_ = 0;
    std::uint32_t delivered_since_cut_ = 0;
    std::uint32_t sent_since_cut_ = 0;
    bool can_undo_ = false;
    bool reduced_ = false;  // The peer waits for CWR.
    bool window_limits_ = false;
    std::uint32_t most_in_flight_ = 0;
    Sequence flight_end_;
    std::uint32_t reorder_steps_ = 1;

    Timer timer_ = Timer::none;
    Time timer_at_ = kNever;
    Time pace_until_{};
    bool held_by_pace_ = false;
    unsigned retransmits_ = 0;
    unsigned backoff_ = 0;
    unsigned probes_ = 0;
    std::optional<Time> first_repeat_;      // Of this repair.
    std::optional<Time> unanswered_since_;  // First repeat with no progress since.
    Time last_heard_{};
    std::optional<Time> probing_since_;
    std::optional<Sequence> tail_probe_end_;
    bool tail_probe_repeated_ = false;
    enum class Force : std::uint8_t { none, tail, window } force_ = Force::none;
    Time last_sent_{};
    Counters counters_;
};

}  // namespace fivetuple::sim::tcp
