#pragma once

#include "fivetuple/base/random.h"
#include "fivetuple/base/time.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace fivetuple {

/// When a worker process that has ended is started again.
struct RestartOptions {
    /// The pause before the first time; each further one is twice as long, up to `longest`. A part
    /// of it, up to a half, is left to chance, so that several do not come back together.
    Duration first = std::chrono::milliseconds(100);
    Duration longest = std::chrono::seconds(10);
    /// So often within `window`; who ends once more is given up.
    std::size_t most = 10;
    Duration window = std::chrono::minutes(2);
};

/// Of one worker: how often it has come to its end, and what follows.
class Restarts {
public:
    Restarts(const RestartOptions& how, std::uint64_t seed) : how_(how), random_(seed) {}

    /// It has ended: how long to wait before it is started again, or none: it is given up. One that
    /// has run for a whole window before counts as if it were the first time.
    std::optional<Duration> after_end(Time now);
    /// Restarts granted so far.
    std::uint64_t count() const { return count_; }

private:
    RestartOptions how_;
    Random random_;
    std::deque<Time> recent_;  // Ends within the window.
    std::uint64_t count_ = 0;
};

}  // namespace fivetuple
