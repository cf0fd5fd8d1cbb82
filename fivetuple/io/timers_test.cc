#include "fivetuple/io/timers.h"

#include "tests/testing/testing.h"
#include <deque>
#include <vector>

namespace fivetuple {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{1h};

struct NotedTimer : Timer {
    NotedTimer(std::vector<int>& into, int name) : order_into(into), number(name) {
        run = [](Job& job) {
            auto& self = static_cast<NotedTimer&>(static_cast<Timer&>(job));
            self.order_into.push_back(self.number);
        };
    }
    std::vector<int>& order_into;
    int number;
};

class TimersTest : public ::testing::Test {
protected:
    /// Starts one that notes `number` when it runs.
    NotedTimer& start(int number, Time when) {
        timers.start(all.emplace_back(order, number), when);
        return all.back();
    }
    std::vector<int> fire(Time now) {
        order.clear();
        timers.fire(now, ready);
        return order;
    }

    ReadyQueue ready;
    Timers timers;
    std::vector<int> order;
    std::deque<NotedTimer> all;
};

TEST_F(TimersTest, NoneIsDueWhereThereIsNone) {
    EXPECT_TRUE(timers.empty());
    EXPECT_EQ(timers.next(), kNever);
    EXPECT_EQ(fire(kStart), std::vector<int>());
}

TEST_F(TimersTest, F79_RunInTheOrderOfTheirTimesAndEqualOnesInTheOrderOfTheirStart) {
    const Duration times[] = {30ms, 10ms, 20ms, 10ms, -5s, 0ms, 10ms};
    for (int at = 0; at < 7; ++at) start(at, kStart + times[at]);
    EXPECT_EQ(timers.next(), kStart - 5s);
    EXPECT_EQ(fire(kStart), (std::vector{4, 5}));
    EXPECT_EQ(timers.next(), kStart + 10ms);
    EXPECT_EQ(fire(kStart + 9ms), std::vector<int>());
    EXPECT_EQ(fire(kStart + 10ms), (std::vector{1, 3, 6}));
    EXPECT_EQ(fire(kStart + 1h), (std::vector{2, 0}));
    EXPECT_TRUE(timers.empty());
}

TEST_F(TimersTest, F79_OneThatNeverComesIsNotInTheWay) {
    start(1, kNever);
    start(2, after(kStart, Duration::max()));
    start(3, kStart);
    EXPECT_EQ(fire(kStart), std::vector{3});
    EXPECT_EQ(fire(kNever - 1ns), std::vector<int>());
    EXPECT_EQ(timers.next(), kNever);
}

TEST_F(TimersTest, F79_StoppingOneLeavesTheOthersInOrder) {
    for (int at = 0; at < 20; ++at) start(at, kStart + at % 5 * 1ms);
    for (int at = 0; at < 20; at += 2) timers.stop(all[static_cast<std::size_t>(at)]);
    timers.stop(all[0]);
    EXPECT_EQ(fire(kStart + 1s), (std::vector{5, 15, 1, 11, 7, 17, 3, 13, 9, 19}));
}

TEST_F(TimersTest, AStoppedOneCanBeStartedAgain) {
    NotedTimer& timer = start(1, kStart);
    timers.stop(timer);
    timers.start(timer, kStart + 1s);
    EXPECT_EQ(fire(kStart), std::vector<int>());
    EXPECT_EQ(fire(kStart + 1s), std::vector{1});
    timers.start(timer, kStart + 1s);
    EXPECT_EQ(fire(kStart + 1s), std::vector{1});
}

// Starts itself again as it runs, `step` later each time.
struct Repeating : NotedTimer {
    Repeating(std::vector<int>& into, int name, Timers& in, Duration between)
        : NotedTimer(into, name), timers(in), step(between) {
        run = [](Job& job) {
            auto& self = static_cast<Repeating&>(static_cast<Timer&>(job));
            self.order_into.push_back(self.number);
            self.due += self.step;
            self.timers.start(self, self.due);
        };
    }
    Timers& timers;
    Duration step;
    Time due = kStart;
};

TEST_F(TimersTest, OneThatStartsItselfAgainRunsOnceATurn) {
    Repeating timer(order, 1, timers, 0ms);
    timers.start(timer, kStart);
    for (int turn = 0; turn < 3; ++turn) EXPECT_EQ(fire(kStart), std::vector{1});
    timers.stop(timer);
}

TEST_F(TimersTest, F81_OneThatIsFarBehindDoesNotKeepTheOthersFromRunning) {
    Repeating behind(order, 0, timers, 1ms);
    timers.start(behind, kStart);
    for (int at = 1; at < 4; ++at) start(at, kStart + at * 1s);
    // The program stood still for an hour: all are due, and one of them three million times.
    const Time now = kStart + 1h;
    EXPECT_EQ(fire(now), (std::vector{0, 1, 2, 3}));
    start(4, now);
    EXPECT_EQ(fire(now), (std::vector{0, 4}));
    start(5, now + 1ms);
    EXPECT_EQ(fire(now + 1ms), (std::vector{0, 5}));
    timers.stop(behind);
}

TEST_F(TimersTest, WhatATimerMakesReadyRunsBeforeTheNextTimer) {
    struct Scheduling : NotedTimer {
        using NotedTimer::NotedTimer;
        ReadyQueue* ready = nullptr;
        NotedTimer* then = nullptr;
    };
    NotedTimer job(order, 10);
    Scheduling first(order, 1);
    first.ready = &ready;
    first.then = &job;
    first.run = [](Job& self) {
        auto& timer = static_cast<Scheduling&>(static_cast<Timer&>(self));
        timer.order_into.push_back(timer.number);
        timer.ready->push(*timer.then);
    };
    timers.start(first, kStart);
    start(2, kStart);
    EXPECT_EQ(fire(kStart), (std::vector{1, 10, 2}));
}

}  // namespace
}  // namespace fivetuple
