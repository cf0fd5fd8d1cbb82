#include "fivetuple/transport/patience.h"

#include "fivetuple/task/run.h"
#include "fivetuple/task/within.h"

#include "tests/testing/quiet_loop.h"
#include <cerrno>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class PatienceTest : public QuietTest {};

TEST_F(PatienceTest, F01_OnlyAWantOfDescriptorsOrMemoryIsAShortage) {
    for (const int code : {EMFILE, ENFILE, ENOBUFS, ENOMEM}) {
        EXPECT_TRUE(is_shortage(Error::system(code, "accept"))) << code;
    }
    for (const int code : {EINVAL, EBADF, EAGAIN, ECONNABORTED, EPERM}) {
        EXPECT_FALSE(is_shortage(Error::system(code, "accept"))) << code;
    }
    EXPECT_FALSE(is_shortage(Error::cancelled("accept")));
    EXPECT_FALSE(is_shortage(Error::deadline("accept")));
}

Task<std::vector<Duration>> pauses(Patience& patience, int count) {
    Loop& loop = co_await this_loop();
    std::vector<Duration> lengths;
    for (int round = 0; round < count; ++round) {
        const Time before = loop.now();
        auto waited = co_await patience.wait();
        EXPECT_TRUE(waited);
        lengths.push_back(loop.now() - before);
    }
    co_return lengths;
}

TEST_F(PatienceTest, F01_WaitsTwiceAsLongEachTimeUpToHalfASecond) {
    Patience patience(1);
    Duration most = 5ms;
    for (const Duration pause : run(loop(), pauses(patience, 20))) {
        EXPECT_GE(pause, most / 2);
        EXPECT_LE(pause, most);
        most = std::min<Duration>(most * 2, 500ms);
    }
    EXPECT_EQ(most, 500ms);
    EXPECT_EQ(patience.shortages(), 20u);
}

TEST_F(PatienceTest, ASuccessMakesItQuickAgainAndForgetsNoCount) {
    Patience patience(1);
    run(loop(), pauses(patience, 10));
    patience.relieved();
    EXPECT_LE(run(loop(), pauses(patience, 1)).front(), 5ms);
    EXPECT_EQ(patience.shortages(), 11u);
}

TEST_F(PatienceTest, SeveralDoNotComeBackTogether) {
    Patience one(1);
    Patience other(2);
    EXPECT_NE(run(loop(), pauses(one, 8)), run(loop(), pauses(other, 8)));
    Patience again(1);
    EXPECT_NE(run(loop(), pauses(again, 8)), run(loop(), pauses(one, 8)));
}

Task<Error> stopped(Patience& patience) {
    auto waited = co_await within(1ms, patience.wait());
    co_return waited.error();
}

TEST_F(PatienceTest, WaitingEndsWithItsDeadline) {
    Patience patience(1);
    EXPECT_TRUE(run(loop(), stopped(patience)).is_deadline());
}

TEST_F(PatienceTest, F01_ItIsTimeToSaySoAtOnceAndThenOnceInAnInterval) {
    Patience patience(1);
    const Time start = loop().now();
    EXPECT_TRUE(patience.should_say_so(start));
    EXPECT_FALSE(patience.should_say_so(start));
    EXPECT_FALSE(patience.should_say_so(start + 4999ms));
    EXPECT_TRUE(patience.should_say_so(start + 5s));
    EXPECT_FALSE(patience.should_say_so(start + 9s));
    EXPECT_TRUE(patience.should_say_so(start + 9s, 1s)) << "the interval can be chosen";
}

}  // namespace
}  // namespace fivetuple::testing_help
