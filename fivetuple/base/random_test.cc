#include "fivetuple/base/random.h"

#include "tests/testing/testing.h"
#include <array>

namespace fivetuple {
namespace {

TEST(Random, GivesTheNumbersThatSplitMix64IsPublishedWith) {
    Random random(1234567);
    for (const std::uint64_t expected :
         {6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u,
          16408922859458223821u}) {
        EXPECT_EQ(random.next(), expected);
    }
    EXPECT_EQ(Random(0).next(), 0xe220a8397b1dcdafu);
}

TEST(Random, NumbersBelowALimitAreTheSameOnEveryCompiler) {
    Random random(1234567);
    for (const std::uint64_t expected : {350u, 173u, 532u, 249u, 889u}) {
        EXPECT_EQ(random.below(1'000), expected);
    }
}

TEST(Random, BelowNeverReachesItsLimit) {
    Random random(1);
    for (const std::uint64_t limit : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3},
                                      std::uint64_t{1'000'003}, UINT64_MAX}) {
        for (int count = 0; count < 1'000; ++count) ASSERT_LT(random.below(limit), limit);
    }
}

TEST(Random, BelowGivesEveryNumberAboutAsOften) {
    Random random(2);
    std::array<int, 7> times{};
    for (int count = 0; count < 70'000; ++count) times[random.below(times.size())]++;
    for (const int each : times) EXPECT_NEAR(each, 10'000, 500);
}

TEST(Random, UnitIsEvenlySpreadFromZeroToBelowOne) {
    Random random(3);
    double sum = 0;
    for (int count = 0; count < 10'000; ++count) {
        const double value = random.unit();
        ASSERT_GE(value, 0.0);
        ASSERT_LT(value, 1.0);
        sum += value;
    }
    EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
    EXPECT_EQ(Random(1234567).unit(), 0.3500795420214081);
}

}  // namespace
}  // namespace fivetuple
