#pragma once

#include <chrono>
#include <cstdint>
#include <ratio>

namespace fivetuple {

/// Names the clock of a loop. It has no now(): only a backend knows the time, and a simulated one
/// makes its own.
struct LoopClock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = std::chrono::duration<rep, period>;
    using time_point = std::chrono::time_point<LoopClock>;
    static constexpr bool is_steady = true;
};

using Duration = LoopClock::duration;
using Time = LoopClock::time_point;

/// A deadline that never comes.
inline constexpr Time kNever = Time::max();

/// `from + limit`, but kNever where the sum would overflow: a limit may be "for ever".
constexpr Time after(Time from, Duration limit) {
    if (limit > Duration::zero() && from > kNever - limit) return kNever;
    return from + limit;
}

}  // namespace fivetuple
