#include "fivetuple/io/loop.h"

#include "tests/testing/quiet_loop.h"
#include <algorithm>
#include <array>
#include <deque>
#include <thread>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class LoopAlone : public QuietTest {};

struct NotedJob : Job {
    NotedJob(std::vector<int>& into, int name) : order_into(into), number(name) {
        run = [](Job& job) {
            auto& self = static_cast<NotedJob&>(job);
            self.order_into.push_back(self.number);
        };
    }
    std::vector<int>& order_into;
    int number;
};

TEST_F(LoopAlone, ATurnRunsWhatIsReadyAndDoesNotSleepBehindIt) {
    std::vector<int> order;
    NotedJob job(order, 1);
    const Time before = loop().now();
    loop().schedule(job);
    loop().turn(before + 1h);
    EXPECT_EQ(order, std::vector{1});
    EXPECT_EQ(loop().now(), before);
    loop().turn(before + 1h);
    EXPECT_EQ(loop().now(), before + 1h) << "now there is nothing to do but to wait";
    EXPECT_EQ(loop().turn_began(), before + 1h);
}

TEST_F(LoopAlone, ATurnSleepsUntilTheNextTimerAndNoLonger) {
    struct Due : Timer {
        int runs = 0;
    };
    Due timer;
    timer.run = [](Job& job) { static_cast<Due&>(static_cast<Timer&>(job)).runs++; };
    const Time before = loop().now();
    loop().start(timer, before + 5s);
    loop().turn(before + 1s);
    EXPECT_EQ(timer.runs, 0);
    loop().turn();
    EXPECT_EQ(timer.runs, 1);
    EXPECT_EQ(loop().now(), before + 5s);
}

TEST_F(LoopAlone, F69_WhatWasPostedBeforeTheSleepRunsInThisTurn) {
    std::vector<int> order;
    std::deque<NotedJob> jobs;
    for (int at = 0; at < 10; ++at) loop().post(jobs.emplace_back(order, at));
    const Time before = loop().now();
    loop().turn();
    EXPECT_EQ(order, (std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(loop().now(), before);
}

TEST_F(LoopAlone, F69_ManyThreadsPostAndEachKeepsItsOrder) {
    constexpr int kEach = 2000;
    // What each thread posts notes its numbers in an order of its own.
    std::array<std::vector<int>, 4> orders;
    std::array<std::deque<NotedJob>, 4> jobs;
    for (std::size_t thread = 0; thread < jobs.size(); ++thread) {
        for (int at = 0; at < kEach; ++at) jobs[thread].emplace_back(orders[thread], at);
    }
    std::vector<std::thread> threads;
    threads.reserve(jobs.size());
    for (std::deque<NotedJob>& own : jobs) {
        threads.emplace_back([this, &own] {
            for (NotedJob& job : own) loop().post(job);
        });
    }
    const auto all_ran = [&orders] {
        return std::ranges::all_of(orders, [](const auto& each) { return each.size() == kEach; });
    };
    while (!all_ran()) loop().turn(loop().now() + 1ms);
    for (std::thread& each : threads) each.join();
    for (const std::vector<int>& order : orders) EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_F(LoopAlone, WhatIsTakenBackDoesNotRun) {
    std::vector<int> order;
    NotedJob scheduled(order, 1);
    NotedJob posted(order, 2);
    NotedJob stays(order, 3);
    loop().schedule(scheduled);
    loop().post(posted);
    loop().post(stays);
    loop().take_back(scheduled);
    loop().take_back(posted);
    loop().turn(loop().now());
    EXPECT_EQ(order, std::vector{3});
}

void turn_by_two_threads() {
    auto loop = open_quiet_loop();
    loop->turn(loop->now());
    std::thread([&loop] { loop->turn(loop->now()); }).join();
}

TEST(LoopDeathTest, F68_TwoThreadsThatTurnOneAreAMistakeOfTheProgram) {
    EXPECT_DEATH(turn_by_two_threads(), "turned by two threads");
}

TEST(LoopDeathTest, F65_AForkedChildMayNotTurnItsParents) {
    auto loop = open_quiet_loop();
    EXPECT_DEATH(loop->turn(loop->now()), "made before fork");
}

}  // namespace
}  // namespace fivetuple::testing_help
