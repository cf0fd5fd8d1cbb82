#include "fivetuple/base/histogram.h"

#include "fivetuple/base/random.h"

#include "tests/testing/testing.h"
#include <algorithm>
#include <cmath>
#include <vector>

namespace fivetuple {
namespace {

Histogram histogram_of(const std::vector<std::uint64_t>& values) {
    Histogram histogram;
    for (const std::uint64_t value : values) histogram.record(value);
    return histogram;
}

// Every value of `values`, asked for by its rank, comes back at most 1.6 % too high and never low.
void expect_quantiles_of(std::vector<std::uint64_t> values) {
    const Histogram histogram = histogram_of(values);
    std::ranges::sort(values);
    const auto count = static_cast<double>(values.size());
    for (std::size_t rank = 1; rank <= values.size(); ++rank) {
        // Half a rank less than the rank's own share is free of rounding.
        const std::uint64_t found = histogram.quantile((static_cast<double>(rank) - 0.5) / count);
        const std::uint64_t exact = values[rank - 1];
        ASSERT_GE(found, exact) << "at rank " << rank;
        ASSERT_LE(static_cast<double>(found), static_cast<double>(exact) * 1.016)
            << "at rank " << rank;
        ASSERT_TRUE(found == exact || exact >= 64) << "at rank " << rank;
    }
    EXPECT_EQ(histogram.count(), values.size());
    EXPECT_EQ(histogram.least(), values.front());
    EXPECT_EQ(histogram.most(), values.back());
}

TEST(Histogram, EveryQuantileIsCloseToThatOfTheSortedValues) {
    Random random(11);
    for (int round = 0; round < 20; ++round) {
        std::vector<std::uint64_t> values;
        for (int count = 0; count < 500; ++count) {
            // Evenly spread over magnitudes: 0 to 2^44.
            values.push_back(random.next() >> (20 + random.below(44)));
        }
        expect_quantiles_of(std::move(values));
    }
}

TEST(Histogram, TheEdgesOfEachDoublingAreCloseToo) {
    std::vector<std::uint64_t> values;
    for (unsigned bit = 0; bit < 44; ++bit) {
        const std::uint64_t edge = std::uint64_t{1} << bit;
        values.insert(values.end(), {edge - 1, edge, edge + 1});
    }
    expect_quantiles_of(std::move(values));
}

TEST(Histogram, SmallValuesAreExact) {
    std::vector<std::uint64_t> values;
    for (std::uint64_t value = 0; value < 64; ++value) values.push_back(value);
    expect_quantiles_of(std::move(values));
}

TEST(Histogram, TheLastQuantileIsTheGreatestValueAndTheFirstTheLeast) {
    const Histogram histogram = histogram_of({1'000'001, 2'000'003, 3'000'005});
    EXPECT_EQ(histogram.quantile(1), 3'000'005u);
    EXPECT_EQ(histogram.quantile(2), 3'000'005u);
    EXPECT_EQ(histogram.quantile(0), histogram.quantile(-1));
    EXPECT_LE(histogram.quantile(0), 1'016'001u);
    EXPECT_EQ(histogram_of({1'000'001}).quantile(0), 1'000'001u);
}

TEST(Histogram, AnEmptyOneAnswersNought) {
    const Histogram histogram;
    EXPECT_EQ(histogram.count(), 0u);
    EXPECT_EQ(histogram.least(), 0u);
    EXPECT_EQ(histogram.most(), 0u);
    EXPECT_EQ(histogram.mean(), 0);
    EXPECT_EQ(histogram.quantile(0.5), 0u);
}

TEST(Histogram, RecordingNothingLeavesItAsItWas) {
    Histogram histogram;
    histogram.record(500, 0);
    EXPECT_EQ(histogram.most(), 0u);
    histogram.record(7);
    EXPECT_EQ(histogram.least(), 7u);
    EXPECT_EQ(histogram.most(), 7u);
    EXPECT_EQ(histogram.quantile(1), 7u);
}

TEST(Histogram, ValuesBeyondItsScaleAreCountedAndBounded) {
    Histogram histogram;
    histogram.record(10, 98);
    histogram.record(std::uint64_t{1} << 50);
    histogram.record(UINT64_MAX);
    EXPECT_EQ(histogram.count(), 100u);
    EXPECT_EQ(histogram.most(), UINT64_MAX);
    EXPECT_EQ(histogram.quantile(0.98), 10u);
    EXPECT_GE(histogram.quantile(0.985), std::uint64_t{1} << 44);
    EXPECT_EQ(histogram.quantile(1), UINT64_MAX);
}

TEST(Histogram, RecordsOneValueSeveralTimesAtOnce) {
    Histogram histogram;
    histogram.record(10, 3);
    histogram.record(20);
    EXPECT_EQ(histogram.count(), 4u);
    EXPECT_EQ(histogram.mean(), 12.5);
    EXPECT_EQ(histogram.quantile(0.75), 10u);
    EXPECT_EQ(histogram.quantile(0.76), 20u);
}

TEST(Histogram, MergingIsAsIfOneHadRecordedAll) {
    Random random(5);
    Histogram one, other, both;
    for (int count = 0; count < 1'000; ++count) {
        const std::uint64_t value = random.next() >> (20 + random.below(44));
        (count % 3 == 0 ? one : other).record(value);
        both.record(value);
    }
    one.merge(other);
    EXPECT_EQ(one.count(), both.count());
    EXPECT_EQ(one.least(), both.least());
    EXPECT_EQ(one.most(), both.most());
    EXPECT_NEAR(one.mean() / both.mean(), 1, 1e-9);
    for (int percent = 0; percent <= 100; ++percent) {
        EXPECT_EQ(one.quantile(percent / 100.0), both.quantile(percent / 100.0));
    }
}

TEST(Histogram, PowersOfTwoDivideItExactly) {
    Histogram histogram;
    for (unsigned bit = 0; bit <= 44; ++bit) {
        histogram.record((std::uint64_t{1} << bit) - 1);
        histogram.record(std::uint64_t{1} << bit);
    }
    for (unsigned bit = 0; bit <= 44; ++bit) {
        EXPECT_EQ(histogram.count_below_power(bit), 2 * bit + 1) << bit;
    }
    EXPECT_EQ(Histogram().count_below_power(44), 0u);
}

TEST(Histogram, MergingAnEmptyOneChangesNothing) {
    Histogram histogram = histogram_of({5, 6});
    histogram.merge(Histogram());
    EXPECT_EQ(histogram.least(), 5u);
    EXPECT_EQ(histogram.most(), 6u);
    Histogram empty;
    empty.merge(histogram);
    EXPECT_EQ(empty.least(), 5u);
    EXPECT_EQ(empty.count(), 2u);
}

}  // namespace
}  // namespace fivetuple
