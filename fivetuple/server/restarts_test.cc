#include "fivetuple/server/restarts.h"

#include "tests/testing/testing.h"
#include <set>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

RestartOptions some_options() { return {100ms, 3s, 7, 1min}; }

TEST(Restarts, EachPauseIsUpToTwiceAsLongAndPartlyChance) {
    Restarts restarts(some_options(), 1);
    Time now{};
    for (const Duration longest : {100ms, 200ms, 400ms, 800ms, 1600ms, 3000ms, 3000ms}) {
        const auto pause = restarts.after_end(now);
        ASSERT_TRUE(pause);
        EXPECT_GE(*pause, longest / 2);
        EXPECT_LE(*pause, longest);
        now += *pause;
    }
    EXPECT_EQ(restarts.count(), 7u);
}

TEST(Restarts, WhoEndsTooOftenIsGivenUp) {
    Restarts restarts(some_options(), 1);
    const Time now{};
    for (int each = 0; each < 7; ++each) EXPECT_TRUE(restarts.after_end(now + each * 1s));
    EXPECT_FALSE(restarts.after_end(now + 59s));
    EXPECT_EQ(restarts.count(), 7u);
}

TEST(Restarts, AWindowLaterItIsAsIfItWereTheFirstTime) {
    Restarts restarts(some_options(), 1);
    const Time now{};
    for (int each = 0; each < 7; ++each) EXPECT_TRUE(restarts.after_end(now));
    const auto pause = restarts.after_end(now + 1min);
    ASSERT_TRUE(pause);
    EXPECT_LE(*pause, 100ms);
}

TEST(Restarts, SeveralDoNotComeBackTogether) {
    std::set<Duration> pauses;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        pauses.insert(*Restarts(some_options(), seed).after_end(Time()));
    }
    EXPECT_GT(pauses.size(), 95u);
}

TEST(Restarts, NoneAtAllIsWhatNoughtMeans) {
    RestartOptions none = some_options();
    none.most = 0;
    EXPECT_FALSE(Restarts(none, 1).after_end(Time()));
}

}  // namespace
}  // namespace fivetuple::testing_help
