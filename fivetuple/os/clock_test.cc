#include "fivetuple/os/clock.h"

#include "tests/testing/testing.h"
#include <climits>

namespace fivetuple {
namespace {

using namespace std::chrono_literals;

Time kernel_time() {
    timespec now;
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return Time(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

TEST(Clock, IsTheMonotonicOneOfTheKernel) {
    const Time before = kernel_time();
    const Time now = monotonic_now();
    EXPECT_LE(before, now);
    EXPECT_LE(now, kernel_time());
}

TEST(PollTimeout, IsRoundedUpToWholeMilliseconds) {
    const Time now(1'000s);
    EXPECT_EQ(poll_timeout_ms(now, now + 1ns), 1);
    EXPECT_EQ(poll_timeout_ms(now, now + 999'999ns), 1);
    EXPECT_EQ(poll_timeout_ms(now, now + 1ms), 1);
    EXPECT_EQ(poll_timeout_ms(now, now + 1ms + 1ns), 2);
    EXPECT_EQ(poll_timeout_ms(now, now + 2s), 2'000);
}

TEST(PollTimeout, IsNoughtForWhatIsOver) {
    const Time now(1'000s);
    EXPECT_EQ(poll_timeout_ms(now, now), 0);
    EXPECT_EQ(poll_timeout_ms(now, now - 1ns), 0);
    EXPECT_EQ(poll_timeout_ms(now, Time::min()), 0);
}

TEST(PollTimeout, HasNoEndForNever) { EXPECT_EQ(poll_timeout_ms(Time(5s), kNever), -1); }

TEST(PollTimeout, StaysBelowWhatAnIntHolds) {
    const Time now(1'000s);
    const auto most = std::chrono::milliseconds(INT_MAX);
    EXPECT_EQ(poll_timeout_ms(now, now + most), INT_MAX);
    EXPECT_EQ(poll_timeout_ms(now, now + most - 1ms), INT_MAX - 1);
    EXPECT_EQ(poll_timeout_ms(now, now + most + 1ns), INT_MAX);
    EXPECT_EQ(poll_timeout_ms(now, kNever - 1ns), INT_MAX);
}

TEST(Timespec, SplitsSecondsAndNanoseconds) {
    const auto expect = [](Duration limit, time_t seconds, long nanoseconds) {
        EXPECT_EQ(to_timespec(limit).tv_sec, seconds);
        EXPECT_EQ(to_timespec(limit).tv_nsec, nanoseconds);
    };
    expect(0ns, 0, 0);
    expect(1ns, 0, 1);
    expect(999'999'999ns, 0, 999'999'999);
    expect(1s, 1, 0);
    expect(1s + 500ms, 1, 500'000'000);
    expect(Duration::max(), 9'223'372'036, 854'775'807);
}

}  // namespace
}  // namespace fivetuple
