#pragma once

#include "fivetuple/base/random.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/five_tuple.h"
#include "fivetuple/sim/tcp/segment.h"
#include "fivetuple/sim/tcp/sequence.h"
#include "fivetuple/sim/tcp/timestamp_clock.h"

#include <cstdint>
#include <optional>

namespace fivetuple::sim::tcp {

/// What a host makes of its keys and of who talks to whom: numbers that look like chance to others,
/// and need not be stored. The hash is quick and no good against a real attacker.
class Secrets {
public:
    explicit Secrets(Random& random) : key_(random.next()), cookie_key_(random.next()) {}

    /// Where a connection's sequence begins: later ones of the same pair are further on. RFC 6528
    Sequence initial_sequence(const FiveTuple& tuple, Time now) const;
    TimestampClock clock(const FiveTuple& tuple) const;

    /// A SYN's answer that holds, instead of memory, the size of segments that the peer takes and
    /// the minute. RFC 4987, section 3.6
    Sequence syn_cookie(const FiveTuple& tuple, Sequence theirs, std::uint16_t segment_bytes,
                        Time now) const;
    /// What that answer's acknowledgement brings back, if it was ours and is no older than two
    /// minutes: the size, rounded down to one of four.
    std::optional<std::uint16_t> read_syn_cookie(const FiveTuple& tuple, Sequence theirs,
                                                 Sequence cookie, Time now) const;

    FastOpenCookie fast_open_cookie(const FiveTuple& tuple) const;

private:
    std::uint64_t hash(const FiveTuple& tuple, std::uint64_t more) const;
    std::uint64_t of_peer(Sequence theirs) const;

    std::uint64_t key_;
    std::uint64_t cookie_key_;
};

}  // namespace fivetuple::sim::tcp
