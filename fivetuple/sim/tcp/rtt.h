#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/sim/tcp/limits.h"

#include <cstdint>

namespace fivetuple::sim::tcp {

/// How long a segment and its acknowledgement take, and how long it is worth waiting for them.
/// RFC 6298, with Linux's floor: the variation counts for at least 200 ms.
class RoundTrip {
public:
    explicit RoundTrip(const Limits& limits) : limits_(&limits) {}

    /// One measurement, of a segment that was sent once (Karn's rule), or by timestamps.
    void measured(Duration sample);
    bool is_known() const { return smoothed_ > Duration::zero(); }

    Duration smoothed() const { return smoothed_; }
    Duration variation() const { return variation_; }
    /// The least that was ever measured; zero before that.
    Duration least() const { return least_; }
    /// Of retransmission, without any backoff.
    Duration timeout() const;
    /// After `doublings` timeouts in a row, within the host's bounds.
    Duration timeout(unsigned doublings) const;

private:
    const Limits* limits_;
    Duration smoothed_{};
    Duration variation_{};
    Duration least_{};
};

}  // namespace fivetuple::sim::tcp
