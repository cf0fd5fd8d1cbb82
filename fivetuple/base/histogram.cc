#include "fivetuple/base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace fivetuple {

// Values below kSteps have a bucket each; above, the bits behind the highest choose one of kSteps.
// The last bucket holds what is beyond the scale.
std::size_t Histogram::bucket_of(std::uint64_t value) {
    if (value < kSteps) return static_cast<std::size_t>(value);
    const unsigned doubling = static_cast<unsigned>(std::bit_width(value)) - kStepBits;
    const std::uint64_t step = (value >> (doubling - 1)) & (kSteps - 1);
    return std::min<std::size_t>(kSteps * doubling + step, kBeyond);
}

std::uint64_t Histogram::highest_in(std::size_t bucket) {
    if (bucket < kSteps) return bucket;
    if (bucket == kBeyond) return UINT64_MAX;
    const auto doubling = static_cast<unsigned>(bucket / kSteps);
    const std::uint64_t step = bucket % kSteps;
    return ((kSteps + step + 1) << (doubling - 1)) - 1;
}

void Histogram::record(std::uint64_t value, std::uint64_t times) {
    if (times == 0) return;
    counts_[bucket_of(value)] += times;
    count_ += times;
    least_ = std::min(least_, value);
    most_ = std::max(most_, value);
    sum_ += static_cast<double>(value) * static_cast<double>(times);
}

void Histogram::merge(const Histogram& other) {
    for (std::size_t at = 0; at < kBuckets; ++at) counts_[at] += other.counts_[at];
    count_ += other.count_;
    least_ = std::min(least_, other.least_);
    most_ = std::max(most_, other.most_);
    sum_ += other.sum_;
}

double Histogram::mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

// 2^bit is the first value of its bucket.
std::uint64_t Histogram::count_below_power(unsigned bit) const {
    const auto end = static_cast<std::ptrdiff_t>(bucket_of(std::uint64_t{1} << bit));
    return std::accumulate(counts_.begin(), counts_.begin() + end, std::uint64_t{0});
}

std::uint64_t Histogram::quantile(double share) const {
    if (count_ == 0) return 0;
    const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
    const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
    std::uint64_t seen = 0;
    for (std::size_t at = 0; at < kBuckets; ++at) {
        seen += counts_[at];
        if (seen >= rank) return std::clamp(highest_in(at), least_, most_);
    }
    return most_;
}

}  // namespace fivetuple
