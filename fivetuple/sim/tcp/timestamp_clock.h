#pragma once

#include "fivetuple/base/time.h"

#include <chrono>
#include <cstdint>

namespace fivetuple::sim::tcp {

/// Milliseconds from a place of a connection's own, so that nobody learns how long a host has been
/// up. RFC 7323, section 5.4
struct TimestampClock {
    std::uint32_t offset = 0;

    std::uint32_t at(Time now) const {
        const auto gone =
            std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
        return static_cast<std::uint32_t>(gone.count()) + offset;
    }
    /// How long ago `value` was sent; at least a millisecond's half, which is what is not known.
    Duration age(std::uint32_t value, Time now) const {
        const auto gone = static_cast<std::int32_t>(at(now) - value);
        if (gone < 0) return Duration::zero();
        return gone == 0 ? Duration(std::chrono::microseconds(500))
                         : Duration(std::chrono::milliseconds(gone));
    }
};

/// Whether timestamp `a` is older than `b`, modulo 2^32.
constexpr bool is_older_timestamp(std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a - b) < 0;
}

}  // namespace fivetuple::sim::tcp
