#include "fivetuple/os/clock.h"

#include <algorithm>
#include <climits>

namespace fivetuple {

Time monotonic_now() {
    timespec now;
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return Time(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

int poll_timeout_ms(Time now, Time until) {
    if (until == kNever) return -1;
    if (until <= now) return 0;
    const auto rounded_up = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
    return static_cast<int>(std::min<std::int64_t>(rounded_up, INT_MAX));
}

timespec to_timespec(Duration limit) {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(limit);
    return {static_cast<time_t>(whole.count()), static_cast<long>((limit - whole).count())};
}

}  // namespace fivetuple
