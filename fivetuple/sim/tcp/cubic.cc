#include "fivetuple/sim/tcp/congestion.h"

#include <algorithm>
#include <chrono>

namespace fivetuple::sim::tcp {

namespace {

// All in integers, so that no compiler's arithmetic makes a run differ. Windows are in thousandths
// of a segment, times in milliseconds. RFC 9438: C is 0.4, and a loss leaves 0.7 of the window.
constexpr std::uint64_t kUnit = 1000;

// The largest number whose cube is not above `of`.
std::uint64_t cube_root(std::uint64_t of) {
    std::uint64_t low = 0, high = 2'642'245;
    while (low < high) {
        const std::uint64_t middle = (low + high + 1) / 2;
        if (middle * middle * middle <= of) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

// C * (ms / 1000)^3 segments, in thousandths: 0.4 * ms^3 / 10^9 * 10^3.
std::uint64_t cubed(std::uint64_t milliseconds) {
    milliseconds = std::min<std::uint64_t>(milliseconds, 1'000'000);
    return milliseconds * milliseconds * milliseconds / 2'500'000;
}

class Cubic final : public Congestion {
public:
    using Congestion::Congestion;
    void timed_out() override { forget(); }

private:
    void avoid(std::uint32_t segments, Duration round_trip, Time now) override {
        if (!is_in_epoch_) begin_epoch(now);
        const auto gone =
            std::chrono::duration_cast<std::chrono::milliseconds>(now - epoch_ + round_trip);
        const std::uint64_t wanted = at(static_cast<std::uint64_t>(gone.count()));
        const std::uint64_t have = window() * kUnit;
        // Reno's window, in its region: 0.529 of a segment a round trip, and a whole one from the
        // window before the loss on. Section 4.3
        const std::uint64_t step = estimate_ < last_most_ ? 529 : kUnit;
        estimate_ += step * segments / std::max(window(), 1u);
        const std::uint64_t goal = std::max(std::min(wanted, have * 3 / 2), estimate_);
        if (goal > have) {
            const std::uint64_t every = have / (goal - have);
            grow_by_one_in(static_cast<std::uint32_t>(std::max<std::uint64_t>(every, 2)), segments);
        } else {
            grow_by_one_in(100 * window(), segments);
        }
    }

    std::uint32_t reduced(Time) override {
        const std::uint64_t have = window() * kUnit;
        // Fast convergence: who loses again before coming back leaves room for others.
        last_most_ = have < last_most_ ? have * 17 / 20 : have;
        is_in_epoch_ = false;
        return static_cast<std::uint32_t>(have * 7 / 10 / kUnit);
    }

    void idled() override { is_in_epoch_ = false; }

    void begin_epoch(Time now) {
        is_in_epoch_ = true;
        epoch_ = now;
        const std::uint64_t have = window() * kUnit;
        estimate_ = have;
        if (have < last_most_) {
            to_most_ = cube_root((last_most_ - have) * 2'500'000);
            most_ = last_most_;
        } else {
            to_most_ = 0;
            most_ = have;
        }
    }

    std::uint64_t at(std::uint64_t milliseconds) const {
        if (milliseconds < to_most_) {
            const std::uint64_t below = cubed(to_most_ - milliseconds);
            return most_ > below ? most_ - below : 0;
        }
        return most_ + cubed(milliseconds - to_most_);
    }

    void forget() {
        is_in_epoch_ = false;
        last_most_ = 0;
    }

    bool is_in_epoch_ = false;
    Time epoch_{};
    std::uint64_t last_most_ = 0;  // The window before the last cut.
    std::uint64_t most_ = 0;       // Where the curve is flat,
    std::uint64_t to_most_ = 0;    // and how many milliseconds after the epoch that is.
    std::uint64_t estimate_ = 0;   // What Reno would have.
};

}  // namespace

std::unique_ptr<Congestion> make_cubic(std::uint32_t initial_window) {
    return std::make_unique<Cubic>(initial_window);
}

}  // namespace fivetuple::sim::tcp
