#pragma once

#include "histogram.h"
#include "load.h"

#include <netinet/in.h>

#include <atomic>
#include <cstdint>

namespace bench {

/// Connections that are made for one request of 64 bytes each.
struct ShortConnections {
    sockaddr_in server = {};
    std::uint64_t total = UINT64_MAX;  ///< After so many it is done.
    std::size_t at_once = 32;          ///< No more than this many at a time.
    double per_second = 0;             ///< At fixed times; 0: each as soon as another has ended.
    bool resets = false;               ///< Every second one is closed by a reset.
};

/// What came of them.
struct ShortTally {
    std::atomic<bool> is_over = false;  ///< Set it, and those that are open are the last ones.
    std::atomic<std::uint64_t> answered = 0;
    std::atomic<std::uint64_t> refused = 0;
    std::atomic<std::uint64_t> reset = 0;
    std::atomic<std::uint64_t> ended = 0;       ///< Closed before the answer was there.
    std::atomic<std::uint64_t> overdue = 0;     ///< No answer within 20 s.
    std::atomic<std::uint64_t> held_back = 0;   ///< Came later than planned: too many were open.
    std::atomic<std::int64_t> longest_ns = 0;   ///< From connect to the first byte of the answer.
    std::atomic<std::int64_t> last_answer = 0;  ///< When, by now().
    Histogram latency;

    std::uint64_t failed() const { return refused + reset + ended + overdue; }
};

/// Makes them, until all that were asked for have been, or it is over. Every byte that comes back
/// is compared. Throws a Failure when another one does.
void make_short_connections(const ShortConnections& how, ShortTally& tally);

}  // namespace bench
