#include "fivetuple/task/all_of.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include "tests/testing/world.h"
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class Tasks : public TaskTest {};
FT_IN_ALL_WORLDS(Tasks);

Task<int> number(int value) { co_return value; }
Task<int> sum_of_a_million() {
    int sum = 0;
    for (int count = 0; count < 1'000'000; ++count) sum += co_await number(1);
    co_return sum;
}
Task<int> nested(int depth) {
    if (depth == 0) co_return 0;
    co_return 1 + co_await nested(depth - 1);
}

TEST_P(Tasks, AMillionReadyAwaitsDoNotGrowTheStack) {
    EXPECT_EQ(run(loop(), sum_of_a_million()), 1'000'000);
}

TEST_P(Tasks, AwaitsOfTasksThatAwaitTasksReturnThroughAllOfThem) {
    EXPECT_EQ(run(loop(), nested(10000)), 10000);
}

Task<int> throws() {
    throw std::runtime_error("thrown inside");
    co_return 0;
}
Task<int> passes_on() { co_return co_await throws(); }

TEST_P(Tasks, F82_WhatATaskThrowsComesOutWhereItIsAwaited) {
    EXPECT_THROW(run(loop(), passes_on()), std::runtime_error);
    // The loop is as good as before.
    EXPECT_EQ(run(loop(), number(5)), 5);
}

Task<std::string> takes_by_value(std::string text, std::unique_ptr<int> owned) {
    static_cast<void>(co_await yield());
    co_return text + std::to_string(*owned);
}

TEST_P(Tasks, ArgumentsLiveInTheFrame) {
    auto make = [] {
        std::string local(100, 'x');
        return takes_by_value(local, std::make_unique<int>(7));
    };
    EXPECT_EQ(run(loop(), make()), std::string(100, 'x') + "7");
}

TEST_P(Tasks, ATaskThatIsNeverAwaitedNeverRunsAndLeaksNothing) {
    auto owned = std::make_shared<int>(1);
    {
        auto task = [](std::shared_ptr<int> held) -> Task<int> { co_return *held; }(owned);
        EXPECT_EQ(owned.use_count(), 2);
    }
    EXPECT_EQ(owned.use_count(), 1);
}

// --- Sleeping and deadlines --------------------------------------------------------------------

Task<Result<Duration>> measured_sleep(Duration length) {
    Loop& loop = co_await this_loop();
    const Time before = loop.now();
    FT_CO_TRY_VOID(co_await sleep(length));
    co_return loop.now() - before;
}

TEST_P(Tasks, ASleepIsNotShorterThanItSays) {
    EXPECT_GE(run(loop(), measured_sleep(3ms)).value(), 3ms);
    EXPECT_GE(run(loop(), measured_sleep(0ms)).value(), 0ms);
    EXPECT_GE(run(loop(), measured_sleep(-1s)).value(), 0ms);
}

Task<Result<void>> sleeps_for_ever() { co_return co_await sleep_until(kNever); }
Task<Result<void>> deep_sleep(int depth) {
    if (depth == 0) co_return co_await sleep_until(kNever);
    co_return co_await deep_sleep(depth - 1);
}

Task<Error> deadline_of_deep_sleep() {
    auto done = co_await within(5ms, deep_sleep(50));
    co_return done.error();
}

TEST_P(Tasks, ADeadlineReachesWhateverIsBelowIt) {
    const Error error = run(loop(), deadline_of_deep_sleep());
    EXPECT_TRUE(error.is_deadline());
    EXPECT_EQ(error.message(), "sleep: the time limit ran out");
}

Task<std::string> result_in_time() {
    auto done = co_await within(10s, measured_sleep(1ms));
    co_return done ? "done" : done.error().message();
}

TEST_P(Tasks, ADeadlineThatDoesNotComeChangesNothing) {
    EXPECT_EQ(run(loop(), result_in_time()), "done");
}

Task<std::string> nested_deadlines(Duration outer, Duration inner) {
    auto middle = [](Duration limit) -> Task<Result<std::string>> {
        auto done = co_await within(limit, sleeps_for_ever());
        // Only who set the limit that ran out can go on.
        auto more = co_await sleep(1ms);
        co_return done.error().message() + (more ? ", went on" : ", could not go on");
    };
    auto done = co_await within(outer, middle(inner));
    co_return done ? *done : done.error().message();
}

TEST_P(Tasks, OfTwoDeadlinesTheNearerCountsAndOnlyItsOwnerGoesOn) {
    EXPECT_EQ(run(loop(), nested_deadlines(10s, 2ms)), "sleep: the time limit ran out, went on");
    EXPECT_EQ(run(loop(), nested_deadlines(2ms, 10s)),
              "sleep: the time limit ran out, could not go on");
}

Task<std::string> after_the_deadline() {
    std::string log;
    auto body = [&log]() -> Task<Result<void>> {
        for (int round = 0; round < 3; ++round) {
            auto slept = co_await sleep(10s);
            log += slept ? "slept " : slept.error().is_deadline() ? "deadline " : "other ";
        }
        co_return {};
    };
    auto done = co_await within(2ms, body());
    co_return log + (done ? "finished" : "failed");
}

TEST_P(Tasks, EveryAwaitBelowADeadlineThatHasRunOutFailsAtOnce) {
    EXPECT_EQ(run(loop(), after_the_deadline()), "deadline deadline deadline finished");
}

Task<std::string> a_zero_limit() {
    auto slept = co_await within(0ms, sleep(1s));
    co_return slept.error().message();
}

TEST_P(Tasks, ALimitOfZeroRunsOutAtOnce) {
    EXPECT_EQ(run(loop(), a_zero_limit()), "sleep: the time limit ran out");
}

// --- first_of and all_of -----------------------------------------------------------------------

Task<std::string> race() {
    auto won = co_await first_of(measured_sleep(10s), number(3), sleeps_for_ever());
    co_return std::to_string(won.index()) + ":" + std::to_string(won.get<1>());
}

TEST_P(Tasks, TheFirstToFinishWinsAndTheOthersHaveEnded) { EXPECT_EQ(run(loop(), race()), "1:3"); }

Task<bool> losers_have_ended() {
    bool ended = false;
    auto loser = [](bool& flag) -> Task<Result<void>> {
        auto slept = co_await sleep(10s);
        // Cancelled, but it may still take its time: the race waits for it.
        for (int count = 0; count < 3; ++count) static_cast<void>(co_await yield());
        flag = true;
        co_return slept;
    };
    auto won = co_await first_of(sleep(1ms), loser(ended));
    co_return ended&& won.index() == 0;
}

TEST_P(Tasks, ARaceReturnsOnlyWhenAllOfItsBranchesHaveEnded) {
    EXPECT_TRUE(run(loop(), losers_have_ended()));
}

Task<int> throws_later() {
    static_cast<void>(co_await sleep(1ms));
    throw std::runtime_error("late");
}

TEST_P(Tasks, WhatTheWinnerThrowsIsThrownOn) {
    auto throwing_race = []() -> Task<void> {
        co_await first_of(throws_later(), sleeps_for_ever());
    };
    EXPECT_THROW(run(loop(), throwing_race()), std::runtime_error);
}

Task<Result<int>> works(int value) {
    FT_CO_TRY_VOID(co_await sleep(1ms));
    co_return value;
}
Task<Result<int>> fails() {
    FT_CO_TRY_VOID(co_await sleep(1ms));
    co_return std::unexpected(Error::limit("test", "planned"));
}

Task<std::string> gather() {
    auto all = co_await all_of(works(1), works(2), number(3), sleep(1ms));
    if (!all) co_return all.error().message();
    co_return std::to_string(all->get<0>() + all->get<1>() + all->get<2>());
}

TEST_P(Tasks, AllOfGivesWhatEachBrought) { EXPECT_EQ(run(loop(), gather()), "6"); }

Task<std::string> gather_with_failure() {
    auto all = co_await all_of(sleeps_for_ever(), fails(), works(1));
    co_return all ? "no failure" : all.error().message();
}

TEST_P(Tasks, TheFirstFailureOfAllOfCancelsTheOthersAndIsTheResult) {
    EXPECT_EQ(run(loop(), gather_with_failure()), "test: planned");
}

TEST_P(Tasks, WhatOneOfAllOfThrowsIsThrownOn) {
    auto throwing = []() -> Task<void> {
        static_cast<void>(co_await all_of(sleeps_for_ever(), throws_later()));
    };
    EXPECT_THROW(run(loop(), throwing()), std::runtime_error);
}

Task<std::string> deadline_over_branches() {
    auto both = co_await within(2ms, all_of(sleeps_for_ever(), deep_sleep(3)));
    co_return both.error().message();
}

TEST_P(Tasks, ADeadlineReachesIntoBranches) {
    EXPECT_EQ(run(loop(), deadline_over_branches()), "sleep: the time limit ran out");
}

// --- Scopes ------------------------------------------------------------------------------------

Task<void> append(std::string& log, char what, Duration wait) {
    auto slept = co_await sleep(wait);
    if (slept) log += what;
}

Task<Result<void>> spawns_three(Scope& scope, std::string& log) {
    scope.spawn(append(log, 'c', 3ms));
    scope.spawn(append(log, 'a', 1ms));
    scope.spawn(append(log, 'b', 2ms));
    log += '-';
    co_return {};
}

TEST_P(Tasks, AScopeEndsWhenEverythingSpawnedInItHasEnded) {
    std::string log;
    EXPECT_TRUE(run(loop(), with_scope(spawns_three, std::ref(log))));
    EXPECT_EQ(log, "-abc");
}

Task<Result<int>> body_with_value(Scope&) { co_return 42; }

TEST_P(Tasks, AScopeGivesItsBodysResult) {
    EXPECT_EQ(run(loop(), with_scope(body_with_value)).value(), 42);
}

Task<Result<void>> failing_child() {
    FT_CO_TRY_VOID(co_await sleep(1ms));
    co_return std::unexpected(Error::limit("child", "planned"));
}
Task<void> patient_child(std::string& log) {
    auto slept = co_await sleep(10s);
    log += slept ? "slept;" : slept.error().message() + ";";
}
Task<Result<int>> body_with_failing_child(Scope& scope, std::string& log) {
    scope.spawn(patient_child(log));
    scope.spawn(failing_child());
    auto slept = co_await sleep(10s);
    log += "body " + (slept ? std::string("slept") : slept.error().message()) + ";";
    co_return 1;
}

TEST_P(Tasks, TheFirstChildToFailCancelsSiblingsAndBodyAndIsTheResult) {
    std::string log;
    auto done = run(loop(), with_scope(body_with_failing_child, std::ref(log)));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message(), "child: planned");
    EXPECT_NE(log.find("body sleep: cancelled;"), log.npos) << log;
    EXPECT_NE(log.find("sleep: cancelled;"), log.npos) << log;
}

Task<Result<void>> failing_body(Scope& scope, std::string& log) {
    scope.spawn(patient_child(log));
    FT_CO_TRY_VOID(co_await sleep(1ms));
    co_return std::unexpected(Error::limit("body", "planned"));
}

TEST_P(Tasks, ABodyThatFailsCancelsItsChildren) {
    std::string log;
    auto done = run(loop(), with_scope(failing_body, std::ref(log)));
    EXPECT_EQ(done.error().message(), "body: planned");
    EXPECT_EQ(log, "sleep: cancelled;");
}

Task<void> throwing_child() {
    static_cast<void>(co_await sleep(1ms));
    throw std::logic_error("from a child");
}
Task<Result<void>> body_with_throwing_child(Scope& scope, std::string& log) {
    scope.spawn(patient_child(log));
    scope.spawn(throwing_child());
    co_return {};
}

TEST_P(Tasks, F82_AChildThatThrowsCancelsItsSiblingsAndIsThrownOn) {
    std::string log;
    EXPECT_THROW(
        static_cast<void>(run(loop(), with_scope(body_with_throwing_child, std::ref(log)))),
        std::logic_error);
    EXPECT_EQ(log, "sleep: cancelled;");
}

Task<Result<void>> throwing_body(Scope& scope, std::string& log) {
    scope.spawn(patient_child(log));
    static_cast<void>(co_await yield());
    throw std::logic_error("from the body");
}

TEST_P(Tasks, ABodyThatThrowsCancelsItsChildrenAndIsThrownOn) {
    std::string log;
    EXPECT_THROW(static_cast<void>(run(loop(), with_scope(throwing_body, std::ref(log)))),
                 std::logic_error);
    EXPECT_EQ(log, "sleep: cancelled;");
}

Task<Result<void>> body_that_is_stopped(Scope& scope, std::string& log) {
    scope.spawn(patient_child(log));
    co_return co_await sleep(10s);
}
Task<std::string> scope_within() {
    std::string log;
    auto done = co_await within(2ms, with_scope(body_that_is_stopped, std::ref(log)));
    co_return log + done.error().message();
}

TEST_P(Tasks, ADeadlineReachesEveryTaskOfAScope) {
    EXPECT_EQ(run(loop(), scope_within()),
              "sleep: the time limit ran out;sleep: the time limit ran out");
}

Task<Result<void>> cancels_itself(Scope& scope, std::string& log) {
    scope.spawn(patient_child(log));
    static_cast<void>(co_await yield());
    scope.cancel();
    // What is started in a cancelled scope is told at its first await.
    scope.spawn(patient_child(log));
    co_return {};
}

TEST_P(Tasks, AScopeThatIsCancelledEndsAllItsTasks) {
    std::string log;
    EXPECT_TRUE(run(loop(), with_scope(cancels_itself, std::ref(log))));
    EXPECT_EQ(log, "sleep: cancelled;sleep: cancelled;");
}

Task<void> counts(int& count) {
    count++;
    co_return;
}
Task<Result<void>> spawns_many(Scope& scope, int& count) {
    for (int at = 0; at < 100'000; ++at) {
        scope.spawn(counts, std::ref(count));
        if (at % 1000 == 0) FT_CO_TRY_VOID(co_await yield());
    }
    co_return {};
}

TEST_P(Tasks, AHundredThousandTasksComeAndGo) {
    int count = 0;
    EXPECT_TRUE(run(loop(), with_scope(spawns_many, std::ref(count))));
    EXPECT_EQ(count, 100'000);
}

Task<Result<int>> inner_scope(Scope& scope, int depth) {
    if (depth == 0) co_return 0;
    scope.spawn([](Duration wait) -> Task<void> { static_cast<void>(co_await sleep(wait)); }(1ms));
    FT_CO_TRY(const int below, co_await with_scope(inner_scope, depth - 1));
    co_return below + 1;
}

TEST_P(Tasks, ScopesNest) { EXPECT_EQ(run(loop(), with_scope(inner_scope, 20)).value(), 20); }

TEST_P(Tasks, ALambdaWithCapturesMayBeABodyWhenItHasAName) {
    std::string log;
    auto body = [&log](Scope& scope) -> Task<Result<void>> {
        scope.spawn(append(log, 'x', 1ms));
        co_return {};
    };
    EXPECT_TRUE(run(loop(), with_scope(body)));
    EXPECT_EQ(log, "x");
}

// --- Running -----------------------------------------------------------------------------------

TEST_P(Tasks, RunGivesTheLoopToTheFunctionAndReturnsItsResult) {
    const auto answer = run(
        [](Loop& here, int value) -> Task<int> {
            static_cast<void>(here.now());
            co_return value;
        },
        6);
    EXPECT_EQ(answer.value(), 6);
}

Task<Result<int>> waits_on_both(Loop& here) {
    // A task of one loop may run another loop to its end: they share nothing.
    auto other = Loop::open();
    const int inner = run(**other, number(4));
    static_cast<void>(co_await yield());
    static_cast<void>(here);
    co_return inner;
}

TEST_P(Tasks, TwoLoopsInOneThreadRunTheirOwnTasks) {
    EXPECT_EQ(run(loop(), waits_on_both(loop())).value(), 4);
}

}  // namespace
}  // namespace fivetuple::testing_help
