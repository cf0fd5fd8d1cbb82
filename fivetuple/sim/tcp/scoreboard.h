#pragma once

#include "fivetuple/base/fifo.h"
#include "fivetuple/base/time.h"
#include "fivetuple/sim/tcp/segment.h"
#include "fivetuple/sim/tcp/sequence.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace fivetuple::sim::tcp {

/// A segment that was sent and is not acknowledged.
struct Sent {
    Sequence begin;
    Sequence end;  ///< Behind its bytes, and behind its FIN.
    Time at;       ///< When it went last.
    unsigned transmissions = 1;
    bool fin = false;
    bool sacked = false;
    bool lost = false;  ///< Held for lost: the last transmission before `in_flight_again`.
    bool in_flight_again = false;  ///< A copy is on its way.

    std::uint32_t size() const { return bytes_between(begin, end); }
};

/// What one acknowledgement told.
struct Progress {
    std::uint32_t acknowledged = 0;  ///< Segments newly known to have arrived, in order,
    std::uint32_t sacked = 0;        ///< and behind a gap.
    std::optional<Duration> round_trip;
    std::optional<Duration> sack_round_trip;
    bool repeated_was_acknowledged = false;  ///< Karn: one that had been sent twice.
    bool duplicate_reported = false;         ///< The peer got something twice. RFC 2883
    std::uint32_t newly_lost = 0;

    std::uint32_t delivered() const { return acknowledged + sacked; }
};

/// Remembers each segment in flight, when it went, and what the peer said of it; and decides which
/// are lost: by time (RACK, RFC 8985), or by how many behind them arrived (RFC 6675, RFC 5681).
class Scoreboard {
public:
    bool empty() const { return sent_.empty(); }
    std::size_t size() const { return sent_.size(); }
    Sent& front() { return sent_.front(); }
    const Sent& front() const { return sent_.front(); }
    Sent& back() { return sent_.back(); }

    void add(Sequence begin, Sequence end, bool fin, Time now);
    /// Segments believed to be in the network. RFC 6675's pipe.
    std::uint32_t in_flight() const;
    std::uint32_t sacked() const { return sacked_ + duplicates_; }
    std::uint32_t lost() const { return lost_; }
    std::uint32_t in_flight_again() const { return again_; }

    void acknowledge(Sequence to, Time now, Progress& progress);
    /// `acknowledged` is the segment's own acknowledgement, `sent_end` what was ever sent.
    void sack(const SackBlocks& blocks, Sequence acknowledged, Sequence sent_end, Time now,
              Progress& progress);

    /// A peer without SACK has said the same again: something behind the gap arrived.
    void count_duplicate();
    void forget_duplicates() { duplicates_ = 0; }

    struct Found {
        std::uint32_t lost = 0;
        Duration look_again{};  ///< After that long some more may be lost; 0 where none can.
    };
    /// What was sent long enough before something that has arrived.
    Found find_lost_by_time(Time now, Duration patience);
    /// What has `threshold` arrived segments behind it. RFC 6675, IsLost
    std::uint32_t find_lost_by_count(unsigned threshold);
    bool mark_front_lost();
    /// After a timeout: everything that did not arrive, once more.
    void mark_all_lost();
    void forget_losses();

    /// The first that is to be sent again, or null.
    Sent* next_lost();
    void sent_again(Sent& segment, Time now);
    /// Cuts a segment in two, the first with `bytes`. References to segments end with it.
    void split(Sent& segment, std::uint32_t bytes);

    bool has_seen_reordering() const { return reordering_seen_; }
    std::uint32_t reorderings() const { return reorderings_; }
    void clear();

private:
    std::size_t index_of(const Sent& segment) const;
    void arrived(const Sent& segment, Time now, Progress& progress);
    void mark_lost(Sent& segment);
    void mark_sacked(Sequence begin, Sequence end, Time now, Progress& progress);
    bool went_before_newest(const Sent& segment) const;

    Fifo<Sent> sent_;
    std::uint32_t sacked_ = 0;
    std::uint32_t lost_ = 0;
    std::uint32_t again_ = 0;
    std::uint32_t duplicates_ = 0;
    Sequence highest_arrived_;
    bool any_arrived_ = false;
    bool reordering_seen_ = false;
    std::uint32_t reorderings_ = 0;
    // RACK: of all that arrived, the segment that was sent last.
    Time newest_at_{};
    Sequence newest_end_;
    Duration newest_round_trip_{};
    Duration least_round_trip_ = Duration::max();
};

}  // namespace fivetuple::sim::tcp
