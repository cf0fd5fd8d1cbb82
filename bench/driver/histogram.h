#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace bench {

/// Counts of durations in nanoseconds, log-linear: every value is kept to within 3 %.
class Histogram {
public:
    void add(std::uint64_t value, std::uint64_t times) { counts_[index_of(value)] += times; }

    void add(const Histogram& other) {
        for (std::size_t at = 0; at < counts_.size(); ++at) counts_[at] += other.counts_[at];
    }

    void clear() { counts_.fill(0); }

    /// The value below which this share (0 to 1) of all is; 0 when there are none.
    double quantile(double share) const {
        std::uint64_t all = 0;
        for (const std::uint64_t count : counts_) all += count;
        const double wanted = share * static_cast<double>(all);
        double seen = 0;
        for (std::size_t at = 0; at < counts_.size(); ++at) {
            seen += static_cast<double>(counts_[at]);
            if (counts_[at] > 0 && seen >= wanted) return middle_of(at);
        }
        return 0;
    }

private:
    static constexpr int kStepBits = 5;
    static constexpr std::uint64_t kSteps = 1u << kStepBits;
    static constexpr int kPowers = 40;

    static std::size_t index_of(std::uint64_t value) {
        if (value < kSteps) return value;
        const int power =
            std::min(static_cast<int>(std::bit_width(value)) - kStepBits, kPowers - 1);
        return static_cast<std::size_t>(power) * kSteps + ((value >> (power - 1)) & (kSteps - 1));
    }

    static double middle_of(std::size_t index) {
        const std::uint64_t power = index / kSteps;
        const std::uint64_t step = index % kSteps;
        if (power == 0) return static_cast<double>(step);
        return (static_cast<double>(kSteps + step) + 0.5) *
               static_cast<double>(std::uint64_t{1} << (power - 1));
    }

    std::array<std::uint64_t, kPowers * kSteps> counts_ = {};
};

}  // namespace bench
