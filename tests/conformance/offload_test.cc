#include "fivetuple/task/offload.h"

#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include <pthread.h>

#include "tests/testing/world.h"
#include <atomic>
#include <csignal>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class OffloadTest : public TaskTest {};
FT_IN_KERNEL_WORLDS(OffloadTest);

std::string joined(const std::string& one, const std::string& other) { return one + other; }

Task<std::string> offloaded_text() {
    co_return co_await offload(joined, std::string(100, 'a'), std::string("b"));
}

TEST_P(OffloadTest, GivesWhatTheFunctionReturns) {
    EXPECT_EQ(run(loop(), offloaded_text()), std::string(100, 'a') + "b");
}

Task<bool> other_thread() {
    const auto here = std::this_thread::get_id();
    const auto there = co_await offload([] { return std::this_thread::get_id(); });
    co_return there != here&& std::this_thread::get_id() == here;
}

TEST_P(OffloadTest, CallsOnAnotherThreadAndComesBackToThisOne) {
    EXPECT_TRUE(run(loop(), other_thread()));
}

Task<int> move_only() {
    auto back = co_await offload([](std::unique_ptr<int> number) { return number; },
                                 std::make_unique<int>(7));
    co_return *back;
}

TEST_P(OffloadTest, ArgumentsAndResultsMayOnlyMove) { EXPECT_EQ(run(loop(), move_only()), 7); }

Task<void> named_lambda(int& sum) {
    auto add = [&sum](int more) { sum += more; };
    co_await offload(add, 3);
    co_await offload(add, 4);
}

TEST_P(OffloadTest, AFunctionMayReturnNothingAndCarrySomethingWhenItHasAName) {
    int sum = 0;
    run(loop(), named_lambda(sum));
    EXPECT_EQ(sum, 7);
}

Task<std::string> catches() {
    std::string log;
    try {
        co_await offload([] { throw std::runtime_error("thrown there"); });
    } catch (const std::runtime_error& error) {
        log = error.what();
    }
    // The helper that it was thrown on goes on.
    const std::string more = co_await offload(joined, std::string("o"), std::string("k"));
    co_return log + ", " + more;
}

TEST_P(OffloadTest, F82_WhatTheFunctionThrowsIsThrownHere) {
    EXPECT_EQ(run(loop(), catches()), "thrown there, ok");
}

Task<std::string> waits_for_it(std::latch& go_on) {
    auto wait = [](std::latch* latch) -> Result<int> {
        latch->wait();
        return 42;
    };
    // The limit runs out at once; the call does not end before it has.
    auto open = [](std::latch& latch) -> Task<Result<void>> {
        static_cast<void>(co_await sleep(20ms));
        latch.count_down();
        co_return {};
    };
    auto both = co_await all_of(within(1ms, offload(wait, &go_on)), open(go_on));
    co_return both ? "gave " + std::to_string(both->get<0>()) : both.error().message();
}

TEST_P(OffloadTest, ADeadlineWaitsForTheCallToEndAndGivesItsResult) {
    std::latch go_on(1);
    EXPECT_EQ(run(loop(), waits_for_it(go_on)), "gave 42");
}

Task<void> one_of_many(std::atomic<int>& calls, int& done) {
    co_await offload([](std::atomic<int>* count) { count->fetch_add(1); }, &calls);
    done++;
}

Task<void> many(Scope& scope, std::atomic<int>& calls, int& done) {
    for (int count = 0; count < 2000; ++count) {
        scope.spawn(one_of_many, std::ref(calls), std::ref(done));
    }
    co_return;
}

TEST_P(OffloadTest, ThousandsOfCallsAreAllDone) {
    std::atomic<int> calls = 0;
    int done = 0;
    auto ended = run(loop(), with_scope(many, std::ref(calls), std::ref(done)));
    EXPECT_TRUE(ended);
    EXPECT_EQ(calls, 2000);
    EXPECT_EQ(done, 2000);
}

Task<void> meets(std::latch& all_here) {
    co_await offload([](std::latch* latch) { latch->arrive_and_wait(); }, &all_here);
}

Task<void> all_meet(Scope& scope, std::latch& all_here) {
    for (int count = 0; count < 16; ++count) scope.spawn(meets, std::ref(all_here));
    co_return;
}

TEST_P(OffloadTest, SixteenCallsBlockAtOnce) {
    // It would hang if fewer could.
    std::latch all_here(16);
    EXPECT_TRUE(run(loop(), with_scope(all_meet, std::ref(all_here))));
}

Task<int> ticks_meanwhile(std::latch& go_on) {
    auto wait = [](std::latch* latch) { latch->wait(); };
    auto tick = [](std::latch& latch) -> Task<int> {
        int ticks = 0;
        while (ticks < 5) {
            auto slept = co_await sleep(1ms);
            ticks += slept ? 1 : 0;
        }
        latch.count_down();
        co_return ticks;
    };
    auto both = co_await all_of(offload(wait, &go_on), tick(go_on));
    co_return both->get<1>();
}

TEST_P(OffloadTest, F78_TheLoopGoesOnMeanwhile) {
    std::latch go_on(1);
    EXPECT_EQ(run(loop(), ticks_meanwhile(go_on)), 5);
}

bool takes_no_signals() {
    sigset_t blocked;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    for (const int number : {SIGTERM, SIGINT, SIGUSR1, SIGALRM}) {
        if (::sigismember(&blocked, number) != 1) return false;
    }
    return true;
}

Task<bool> helper_takes_no_signals() { co_return co_await offload(takes_no_signals); }

TEST_P(OffloadTest, HelpersTakeNoSignalsThatAreMeantForTheProgram) {
    EXPECT_TRUE(run(loop(), helper_takes_no_signals()));
    EXPECT_FALSE(takes_no_signals()) << "this thread takes them as before";
}

TEST_P(OffloadTest, LoopsOfSeveralThreadsShareTheHelpers) {
    std::vector<std::string> texts(4);
    std::vector<std::thread> threads;
    threads.reserve(texts.size());
    for (std::string& text : texts) {
        threads.emplace_back([this, &text] {
            auto own = world().open_loop({});
            for (int round = 0; round < 50; ++round) text = run(*own, offloaded_text());
        });
    }
    for (std::thread& each : threads) each.join();
    for (const std::string& text : texts) EXPECT_EQ(text, std::string(100, 'a') + "b");
}

}  // namespace
}  // namespace fivetuple::testing_help
