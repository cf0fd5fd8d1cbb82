#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace fivetuple {

/// Counts values by magnitude: 64 steps to each doubling, so that a value read back is within 1.6 %
/// of what was recorded, from 0 to 2^44 (nanoseconds: four hours). Greater ones are counted
/// together, and read back as the greatest. Fixed memory, no allocation.
class Histogram {
public:
    void record(std::uint64_t value) { record(value, 1); }
    void record(std::uint64_t value, std::uint64_t times);
    /// Adds all that `other` has counted.
    void merge(const Histogram& other);

    std::uint64_t count() const { return count_; }
    std::uint64_t least() const { return count_ == 0 ? 0 : least_; }
    std::uint64_t most() const { return most_; }
    double mean() const;
    double sum() const { return sum_; }
    /// How many values were below 2^`bit`, which is at most 44.
    std::uint64_t count_below_power(unsigned bit) const;
    /// The value that this share of all values (0.99: 99 %) does not exceed, at most 1.6 % too
    /// high.
    std::uint64_t quantile(double share) const;

private:
    static constexpr unsigned kStepBits = 6;
    static constexpr std::uint64_t kSteps = std::uint64_t{1} << kStepBits;
    static constexpr unsigned kDoublings = 39;
    static constexpr std::size_t kBeyond = kSteps * kDoublings;
    static constexpr std::size_t kBuckets = kBeyond + 1;

    static std::size_t bucket_of(std::uint64_t value);
    static std::uint64_t highest_in(std::size_t bucket);

    std::array<std::uint64_t, kBuckets> counts_{};
    std::uint64_t count_ = 0;
    std::uint64_t least_ = UINT64_MAX;
    std::uint64_t most_ = 0;
    double sum_ = 0;
};

}  // namespace fivetuple
