#include "fivetuple/task/channel.h"
#include "fivetuple/task/event.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/semaphore.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include "tests/testing/world.h"
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class Synchronisation : public TaskTest {};
FT_IN_ALL_WORLDS(Synchronisation);

// --- Event -------------------------------------------------------------------------------------

Task<void> waits_for(Event& event, std::string& log, char name) {
    auto done = co_await event.wait();
    log += done ? name : '!';
}
Task<Result<void>> sets_for_three(Scope& scope, Event& event, std::string& log) {
    for (const char name : {'a', 'b', 'c'}) scope.spawn(waits_for(event, log, name));
    FT_CO_TRY_VOID(co_await yield());
    log += '-';
    event.set();
    co_return {};
}

TEST_P(Synchronisation, AnEventWakesEveryoneInTheOrderTheyCame) {
    Event event;
    std::string log;
    EXPECT_TRUE(run(loop(), with_scope(sets_for_three, std::ref(event), std::ref(log))));
    EXPECT_EQ(log, "-abc");
    // It stays set until it is reset.
    run(loop(), waits_for(event, log, 'd'));
    EXPECT_EQ(log, "-abcd");
}

Task<std::string> event_within(Event& event) {
    auto done = co_await within(2ms, event.wait());
    co_return done.error().message();
}

TEST_P(Synchronisation, WaitingForAnEventEndsWithItsDeadline) {
    Event event;
    EXPECT_EQ(run(loop(), event_within(event)), "wait: the time limit ran out");
    event.set();
    event.reset();
    EXPECT_FALSE(event.is_set());
    EXPECT_EQ(run(loop(), event_within(event)), "wait: the time limit ran out");
}

Task<std::string> set_as_it_is_cancelled(Event& event) {
    // The event and the end of the race come in the same turn: it must not be told both.
    auto setter = [](Event& target) -> Task<Result<void>> {
        FT_CO_TRY_VOID(co_await sleep(1ms));
        target.set();
        co_return {};
    };
    auto won = co_await first_of(setter(event), event.wait());
    co_return std::to_string(won.index());
}

TEST_P(Synchronisation, AnEventThatIsSetWhileItsWaiterIsCancelledIsToldOnce) {
    Event event;
    EXPECT_EQ(run(loop(), set_as_it_is_cancelled(event)), "0");
}

// --- Semaphore ---------------------------------------------------------------------------------

Task<void> uses(Semaphore& semaphore, int& inside, int& most) {
    auto permit = co_await semaphore.acquire();
    if (!permit) co_return;
    most = std::max(most, ++inside);
    static_cast<void>(co_await sleep(1ms));
    --inside;
}
Task<Result<void>> twenty_users(Scope& scope, Semaphore& semaphore, int& inside, int& most) {
    for (int count = 0; count < 20; ++count) scope.spawn(uses(semaphore, inside, most));
    co_return {};
}

TEST_P(Synchronisation, ASemaphoreLetsNoMoreInThanItSays) {
    Semaphore semaphore(3);
    int inside = 0;
    int most = 0;
    EXPECT_TRUE(run(
        loop(), with_scope(twenty_users, std::ref(semaphore), std::ref(inside), std::ref(most))));
    EXPECT_EQ(most, 3);
    EXPECT_EQ(semaphore.free(), 3u);
}

Task<std::string> acquire_within(Semaphore& semaphore) {
    auto held = co_await semaphore.acquire();
    auto second = co_await within(2ms, semaphore.acquire());
    co_return second ? "let in" : second.error().message();
}

TEST_P(Synchronisation, WaitingForAPermitEndsWithItsDeadlineAndTakesNone) {
    Semaphore semaphore(1);
    EXPECT_EQ(run(loop(), acquire_within(semaphore)), "acquire: the time limit ran out");
    EXPECT_EQ(semaphore.free(), 1u);
}

Task<Result<void>> keeps_order(Scope& scope, Semaphore& semaphore, std::string& log) {
    auto held = co_await semaphore.acquire();
    const auto user = [](Semaphore& of, std::string& into, char name) -> Task<void> {
        auto permit = co_await of.acquire();
        into += permit ? name : '!';
    };
    for (const char name : {'a', 'b', 'c'}) scope.spawn(user(semaphore, log, name));
    FT_CO_TRY_VOID(co_await yield());
    log += '-';
    co_return {};
}

TEST_P(Synchronisation, PermitsGoToThoseWhoWaitInTheirOrder) {
    Semaphore semaphore(1);
    std::string log;
    EXPECT_TRUE(run(loop(), with_scope(keeps_order, std::ref(semaphore), std::ref(log))));
    EXPECT_EQ(log, "-abc");
}

// --- Channel -----------------------------------------------------------------------------------

Task<void> sends_numbers(Channel<int>& channel, int count) {
    for (int number = 0; number < count; ++number) {
        auto sent = co_await channel.send(number);
        if (!sent) co_return;
    }
    channel.close();
}
Task<Result<std::vector<int>>> receives_all(Scope& scope, Channel<int>& channel, int count) {
    scope.spawn(sends_numbers(channel, count));
    std::vector<int> got;
    while (true) {
        FT_CO_TRY(auto value, co_await channel.receive());
        if (!value) co_return got;
        got.push_back(*value);
    }
}

TEST_P(Synchronisation, AChannelKeepsTheOrderAndTellsItsEnd) {
    for (const std::size_t capacity : {0u, 1u, 3u, 1000u}) {
        Channel<int> channel(capacity);
        auto got = run(loop(), with_scope(receives_all, std::ref(channel), 100));
        ASSERT_TRUE(got);
        ASSERT_EQ(got->size(), 100u);
        for (int number = 0; number < 100; ++number) {
            EXPECT_EQ((*got)[static_cast<std::size_t>(number)], number);
        }
    }
}

Task<Result<void>> fills(Scope& scope, Channel<int>& channel, std::string& log) {
    const auto sender = [](Channel<int>& into, std::string& text) -> Task<void> {
        for (int number = 0; number < 4; ++number) {
            static_cast<void>(co_await into.send(number));
            text += std::to_string(number);
        }
    };
    scope.spawn(sender(channel, log));
    for (int count = 0; count < 5; ++count) FT_CO_TRY_VOID(co_await yield());
    log += '-';
    for (int count = 0; count < 4; ++count) FT_CO_TRY_VOID(co_await channel.receive());
    co_return {};
}

TEST_P(Synchronisation, WhoSendsIntoAFullChannelWaits) {
    Channel<int> channel(2);
    std::string log;
    EXPECT_TRUE(run(loop(), with_scope(fills, std::ref(channel), std::ref(log))));
    EXPECT_EQ(log, "01-23");
}

Task<std::string> closed_channel(Channel<std::string>& channel) {
    EXPECT_TRUE(co_await channel.send("kept"));
    channel.close();
    auto refused = co_await channel.send("too late");
    auto kept = co_await channel.receive();
    auto end = co_await channel.receive();
    co_return refused.error().message() + "; " + **kept + "; " + (*end ? "more" : "end");
}

TEST_P(Synchronisation, AClosedChannelGivesWhatIsInItAndRefusesMore) {
    Channel<std::string> channel(4);
    EXPECT_EQ(run(loop(), closed_channel(channel)), "send: the channel is closed; kept; end");
}

Task<Result<void>> closes_on_waiters(Scope& scope, Channel<int>& full, Channel<int>& empty,
                                     std::string& log) {
    const auto sender = [](Channel<int>& into, std::string& text) -> Task<void> {
        auto sent = co_await into.send(9);
        text += sent ? "sent;" : sent.error().message() + ";";
    };
    const auto receiver = [](Channel<int>& from, std::string& text) -> Task<void> {
        auto got = co_await from.receive();
        text += got && !*got ? "end;" : "?;";
    };
    FT_CO_TRY_VOID(co_await full.send(1));
    scope.spawn(sender(full, log));
    scope.spawn(receiver(empty, log));
    FT_CO_TRY_VOID(co_await yield());
    full.close();
    empty.close();
    co_return {};
}

TEST_P(Synchronisation, ClosingAChannelEndsThoseWhoWait) {
    Channel<int> full(1);
    Channel<int> empty(1);
    std::string log;
    EXPECT_TRUE(
        run(loop(), with_scope(closes_on_waiters, std::ref(full), std::ref(empty), std::ref(log))));
    EXPECT_EQ(log, "send: the channel is closed;end;");
}

Task<std::string> receive_within(Channel<int>& channel) {
    auto none = co_await within(2ms, channel.receive());
    // The one that gave up must not take what comes later.
    EXPECT_TRUE(co_await channel.send(5));
    auto got = co_await channel.receive();
    co_return none.error().message() + "; " + std::to_string(**got);
}

TEST_P(Synchronisation, WhoGaveUpReceivingTakesNothing) {
    Channel<int> channel(1);
    EXPECT_EQ(run(loop(), receive_within(channel)), "receive: the time limit ran out; 5");
}

Task<std::string> send_within(Channel<int>& channel) {
    EXPECT_TRUE(co_await channel.send(1));
    auto none = co_await within(2ms, channel.send(2));
    auto first = co_await channel.receive();
    channel.close();
    auto end = co_await channel.receive();
    co_return none.error().message() + "; " + std::to_string(**first) + (*end ? " more" : " end");
}

TEST_P(Synchronisation, WhatCouldNotBeSentInTimeIsNotSentLater) {
    Channel<int> channel(1);
    EXPECT_EQ(run(loop(), send_within(channel)), "send: the time limit ran out; 1 end");
}

TEST_P(Synchronisation, MoveOnlyValuesPassThroughAChannel) {
    const auto passes = [](Channel<std::unique_ptr<int>>& channel) -> Task<int> {
        static_cast<void>(co_await channel.send(std::make_unique<int>(8)));
        auto got = co_await channel.receive();
        co_return ***got;
    };
    Channel<std::unique_ptr<int>> channel(1);
    EXPECT_EQ(run(loop(), passes(channel)), 8);
}

}  // namespace
}  // namespace fivetuple::testing_help
