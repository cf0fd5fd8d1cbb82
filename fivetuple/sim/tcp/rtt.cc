#include "fivetuple/sim/tcp/rtt.h"

#include <algorithm>

namespace fivetuple::sim::tcp {

void RoundTrip::measured(Duration sample) {
    // Time may not have moved at all in a simulated network; a measurement is still one.
    sample = std::max(sample, Duration(1));
    least_ = is_known() ? std::min(least_, sample) : sample;
    if (!is_known()) {
        smoothed_ = sample;
        variation_ = sample / 2;
        return;
    }
    const Duration off = smoothed_ > sample ? smoothed_ - sample : sample - smoothed_;
    variation_ = (variation_ * 3 + off) / 4;
    smoothed_ = std::max((smoothed_ * 7 + sample) / 8, Duration(1));
}

Duration RoundTrip::timeout() const {
    if (!is_known()) return limits_->initial_timeout;
    const Duration whole = smoothed_ + std::max(variation_ * 4, limits_->least_timeout);
    return std::min(whole, limits_->most_timeout);
}

Duration RoundTrip::timeout(unsigned doublings) const {
    Duration limit = timeout();
    for (; doublings > 0 && limit < limits_->most_timeout; --doublings) limit *= 2;
    return std::min(limit, limits_->most_timeout);
}

}  // namespace fivetuple::sim::tcp
