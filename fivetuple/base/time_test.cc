#include "fivetuple/base/time.h"

#include "tests/testing/testing.h"

namespace fivetuple {
namespace {

using namespace std::chrono_literals;

TEST(After, IsTheSum) {
    EXPECT_EQ(after(Time(5s), 2ms), Time(5s + 2ms));
    EXPECT_EQ(after(Time(5s), 0ms), Time(5s));
    EXPECT_EQ(after(Time(5s), -2s), Time(3s));
}

TEST(After, ASumThatWouldOverflowIsNever) {
    EXPECT_EQ(after(Time(5s), Duration::max()), kNever);
    EXPECT_EQ(after(kNever, 1ns), kNever);
    EXPECT_EQ(after(kNever, 0ns), kNever);
    EXPECT_EQ(after(kNever, Duration::max()), kNever);
    EXPECT_EQ(after(kNever - 1ns, 2ns), kNever);
}

TEST(After, TheLastTimesBeforeNeverAreStillTimes) {
    EXPECT_EQ(after(kNever - 2ns, 1ns), kNever - 1ns);
    EXPECT_LT(after(Time(0ns), Duration::max() - 1ns), kNever);
}

TEST(After, TimesBeforeTheBeginningDoNotOverflow) {
    EXPECT_EQ(after(Time(-5s), Duration::max()), kNever - 5s);
    EXPECT_EQ(after(Time::min(), 1s), Time::min() + 1s);
}

}  // namespace
}  // namespace fivetuple
