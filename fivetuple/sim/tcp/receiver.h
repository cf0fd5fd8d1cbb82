#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/sim/tcp/limits.h"
#include "fivetuple/sim/tcp/reassembly.h"
#include "fivetuple/sim/tcp/segment.h"
#include "fivetuple/sim/tcp/settings.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace fivetuple::sim::tcp {

/// What the handshake settled for one who receives.
struct ReceiveTerms {
    Sequence first;                   ///< Of the first byte.
    std::uint32_t segment_bytes = 0;  ///< What we said we take in one.
    std::uint8_t window_scale = 0;    ///< Ours.
    std::uint32_t window = 0;         ///< What our SYN, or its answer, offered.
    bool sack = false;
    bool ecn = false;
};

/// The half of a connection that receives: what it offers, what it puts together, and when it says
/// so. It knows no states of TCP.
class Receiver {
public:
    Receiver(const Limits& limits, const Settings& settings);

    /// The window of a SYN or of its answer, in bytes, whole segments of that size.
    std::uint32_t first_window(std::uint32_t segment_bytes) const;
    /// The shift that lets the largest window be told.
    std::uint8_t wanted_scale() const;
    void start(const ReceiveTerms& terms, Time now);
    bool is_started() const { return is_started_; }

    // The network's side.
    Sequence next() const { return stream_.next(); }
    /// What was offered and has not been used.
    std::uint32_t window() const {
        return edge_ > stream_.next() ? bytes_between(stream_.next(), edge_) : 0;
    }
    /// Whether any of it is within the window. RFC 9293, section 3.10.7.4
    bool is_acceptable(const Segment& segment) const;
    /// Bytes that lie within the window; `timeout` is our sender's.
    void take(Sequence at, PoolBytes payload, Duration timeout, Time now);
    /// Bytes that came again, and lie in front of the window. RFC 2883
    void note_duplicate(Sequence begin, Sequence end) { stream_.report_duplicate(begin, end); }
    /// The FIN is the next that comes. A program that may answer it with its own has a moment for
    /// that.
    void take_fin(bool ack_now);
    /// The urgent pointer of a segment, whose bytes have not been taken yet.
    void take_urgent(const Segment& segment);
    /// How long the peer took to answer, by its timestamps.
    void measured(Duration round_trip);
    void heed_mark(Ecn ecn, bool peer_reduced);
    bool echoes_mark() const { return echoes_mark_; }
    std::uint32_t marked() const { return marked_; }

    // Acknowledgements.
    void want_ack_now() { ack_now_ = true; }
    /// After take(): at once, or a little later.
    void decide(Duration timeout, Duration round_trip, Time now);
    bool wants_ack_now() const { return ack_now_; }
    bool wants_ack() const { return ack_now_ || ack_pending_; }
    Time ack_deadline() const { return ack_pending_ ? ack_at_ : kNever; }
    void ack_deadline_passed(Time now);
    /// Data goes to the peer: whoever answers has no need to acknowledge at once.
    void data_sent(Time now);
    /// TCP_QUICKACK
    void set_quick_ack(bool quick);
    bool is_quick() const { return quick_ > 0 && !is_conversation_; }
    /// The window that goes out with a segment, and the acknowledgement with it.
    std::uint16_t advertise(bool is_syn);
    SackBlocks blocks(std::size_t most) const;
    bool has_blocks() const;
    void acknowledged();
    Sequence last_acknowledged() const { return acknowledged_; }

    // The program's side.
    std::size_t readable() const;
    bool is_readable() const;
    std::size_t read(MutableBytes to, bool peek, Time now);
    /// After read(): wants an acknowledgement where the window has grown much.
    void was_read(std::size_t count);
    bool has_unread() const { return stream_.readable() > 0; }
    void purge() { stream_.purge(); }

    enum class Urgent : std::uint8_t { none, coming, here, taken };
    Urgent urgent() const { return urgent_; }
    std::byte urgent_byte() const { return urgent_byte_; }
    void urgent_taken() { urgent_ = Urgent::taken; }
    bool is_at_mark() const {
        return urgent_ != Urgent::none && urgent_at_ == stream_.first_unread();
    }

    std::size_t buffer_bytes() const { return buffer_bytes_; }
    std::uint32_t window_threshold() const { return threshold_; }
    Duration delay() const { return delay_; }
    Duration round_trip() const { return round_trip_; }
    std::uint32_t space_target() const { return tuned_bytes_; }
    std::uint32_t segment_bytes() const { return usual_bytes_; }
    std::uint8_t window_scale() const { return terms_.window_scale; }
    Time last_data() const { return last_data_; }

    struct Counters {
        std::uint64_t bytes = 0;
        std::uint32_t data_segments = 0;
        std::uint32_t out_of_order = 0;
    };
    const Counters& counters() const { return counters_; }

private:
    std::size_t capacity() const;
    std::size_t clamp_bytes() const;
    std::size_t free_space() const;
    std::uint32_t select_window() const;
    void quicken(unsigned most);
    void note_data(std::size_t size, Duration timeout, Time now);
    void tune(Time now);

    const Limits* limits_;
    const Settings* settings_;
    ReceiveTerms terms_;
    bool is_started_ = false;
    Reassembly stream_;
    std::size_t buffer_bytes_;
    std::uint32_t threshold_ = 0;    // The window that is offered is at most this.
    std::uint32_t usual_bytes_ = 0;  // Of the segments that come.
    Sequence edge_;                  // Behind what was ever offered.
    Sequence acknowledged_;

    bool ack_pending_ = false;
    bool ack_now_ = false;
    Time ack_at_ = kNever;
    Duration delay_{};
    unsigned quick_ = 0;
    bool is_conversation_ = false;
    Time last_data_{};
    bool echoes_mark_ = false;
    std::uint32_t marked_ = 0;

    Duration round_trip_{};
    Sequence tuned_from_;
    Time tuned_at_{};
    std::uint32_t tuned_bytes_ = 0;

    Urgent urgent_ = Urgent::none;
    Sequence urgent_at_;
    std::byte urgent_byte_{};
    Counters counters_;
};

}  // namespace fivetuple::sim::tcp
