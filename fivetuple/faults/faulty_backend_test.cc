#include "fivetuple/faults/faulty_backend.h"

#include "fivetuple/sim.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/udp.h"

#include <gtest/gtest.h>

#include "tests/testing/simulated_peers.h"
#include "tests/testing/testing.h"
#include <array>
#include <cerrno>
#include <string>
#include <vector>

// Faults at the calls of a simulated host, where time is exact.
namespace fivetuple {
namespace {

using namespace std::chrono_literals;
using testing_help::at;
using testing_help::echo_one_stream;
using testing_help::some_text;

// What became of a client that sends a text and reads it back.
struct Outcome {
    std::string echoed;
    std::string failure;
    Time ended{};
};

Task<Result<void>> ask_for(const std::string& text, Outcome& outcome) {
    FT_CO_TRY(TcpStream stream, co_await TcpStream::connect(at("10.0.0.1:7")));
    auto sent = co_await stream.write_all(bytes_of(text));
    if (!sent) co_return std::unexpected(sent.error());
    while (outcome.echoed.size() < text.size()) {
        std::array<std::byte, 512> room;
        FT_CO_TRY(const std::size_t got, co_await stream.read_some(room));
        if (got == 0) co_return std::unexpected(Error::ended("echo"));
        outcome.echoed += text_of(Bytes(room).first(got));
    }
    co_return {};
}

Task<void> ask(std::string text, Outcome& outcome) {
    auto asked = co_await ask_for(text, outcome);
    if (!asked) outcome.failure = asked.error().message();
    outcome.ended = (co_await this_loop()).now();
}

struct Pair {
    explicit Pair(std::uint64_t seed = 1) : world(seed) {
        world.link(server, client, {.delay = 10ms});
    }
    Outcome play(const std::string& text = "hello") {
        Outcome outcome;
        server.run(echo_one_stream(at("10.0.0.1:7")));
        client.run(ask(text, outcome));
        world.run_until_idle(1min);
        EXPECT_EQ(client.running(), 0u);
        return outcome;
    }
    sim::World world;
    sim::Host& server = world.host("server", "10.0.0.1");
    sim::Host& client = world.host("client", "10.0.0.2");
};

TEST(FaultyBackend, WithoutRulesNothingGoesWrong) {
    Pair pair;
    const Outcome outcome = pair.play();
    EXPECT_EQ(outcome.echoed, "hello");
    EXPECT_EQ(outcome.ended, Time(40ms));
    EXPECT_EQ(pair.client.faults().tally().total(), 0u);
}

TEST(FaultyBackend, TheNthCallOfAKindFails) {
    Pair pair;
    pair.client.faults().once(CallKind::receive, Fault::error(ECONNRESET), 2);
    pair.client.faults().always(CallKind::receive, Fault::of(FaultKind::short_to_one));
    const Outcome outcome = pair.play(some_text(100));
    EXPECT_EQ(outcome.failure, "recv: Connection reset by peer");
    EXPECT_EQ(outcome.echoed.size(), 1u);
    EXPECT_EQ(pair.client.faults().tally().count(CallKind::receive, Fault::error(ECONNRESET)), 1u);
    pair.client.faults().stop();
    EXPECT_FALSE(pair.client.faults().is_on());
}

TEST(FaultyBackend, CallsThatDoNotWaitFailToo) {
    Pair pair;
    pair.client.faults().once(CallKind::open, Fault::error(EMFILE));
    EXPECT_EQ(pair.play().failure, "socket: Too many open files");
    Pair other;
    other.client.faults().once(CallKind::connect, Fault::error(EADDRNOTAVAIL));
    EXPECT_EQ(other.play().failure, "connect 10.0.0.1:7: Cannot assign requested address");
}

TEST(FaultyBackend, ShortOnesMoveEverythingInTheEnd) {
    for (const FaultKind kind :
         {FaultKind::short_by_one, FaultKind::short_half, FaultKind::short_to_one}) {
        Pair pair;
        pair.client.faults().always(CallKind::send, Fault::of(kind));
        pair.client.faults().always(CallKind::receive, Fault::of(kind));
        pair.server.faults().always(CallKind::receive_lease, Fault::of(kind));
        const std::string text = some_text(300);
        EXPECT_EQ(pair.play(text).echoed, text) << to_string(kind);
        EXPECT_GT(pair.client.faults().tally().total(), 1u);
    }
}

TEST(FaultyBackend, LateIsAsLateAsItIsTold) {
    Pair pair;
    pair.client.faults().once(CallKind::connect, Fault::of(FaultKind::late, 7ms));
    EXPECT_EQ(pair.play().ended, Time(47ms));
    Pair other;
    other.client.faults().once(CallKind::send, Fault::of(FaultKind::late_start, 9ms));
    EXPECT_EQ(other.play().ended, Time(49ms));
}

TEST(FaultyBackend, WhatIsInterruptedIsBegunAgain) {
    for (const FaultKind kind : {FaultKind::interrupted, FaultKind::multishot_ends}) {
        Pair pair;
        pair.server.faults().always(CallKind::accept, Fault::of(kind));
        pair.server.faults().always(CallKind::receive_lease, Fault::of(kind));
        EXPECT_EQ(pair.play().echoed, "hello") << to_string(kind);
        EXPECT_GE(pair.server.faults().tally().total(), 2u);
    }
}

TEST(FaultyBackend, ATimerRunsLate) {
    sim::World world;
    sim::Host& host = world.host("host", "10.0.0.1");
    host.faults().once(CallKind::wait, Fault::of(FaultKind::wakes_late, 5ms));
    Time woke{};
    host.run(
        [](Time& when) -> Task<void> {
            auto slept = co_await sleep(10ms);
            EXPECT_TRUE(slept.has_value());
            when = (co_await this_loop()).now();
        },
        std::ref(woke));
    world.run_until_idle();
    EXPECT_EQ(woke, Time(15ms));
}

// Two datagrams come at once; who is told first is noted.
Task<Result<void>> note_who_is_first(std::string& order) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(UdpSocket one, UdpSocket::bind(loop, at("10.0.0.1:1")));
    FT_CO_TRY(UdpSocket two, UdpSocket::bind(loop, at("10.0.0.1:2")));
    auto listen = [](UdpSocket& socket, char name, std::string& into) -> Task<Result<void>> {
        std::array<std::byte, 10> room;
        FT_CO_TRY(const Datagram got, co_await socket.receive(room));
        into += got.bytes.empty() ? '?' : name;
        co_return {};
    };
    auto send = [](UdpSocket& from) -> Task<Result<void>> {
        FT_CO_TRY_VOID(co_await sleep(1ms));
        FT_CO_TRY_VOID(co_await from.send_to(bytes_of("1"), at("10.0.0.1:1")));
        FT_CO_TRY_VOID(co_await sleep(1ms));
        co_return co_await from.send_to(bytes_of("2"), at("10.0.0.1:2"));
    };
    FT_CO_TRY(UdpSocket sender, UdpSocket::bind(loop, at("10.0.0.1:3")));
    auto first = listen(one, '1', order);
    auto second = listen(two, '2', order);
    auto both = co_await all_of(std::move(first), std::move(second), send(sender));
    if (!both) co_return std::unexpected(both.error());
    co_return {};
}

TEST(FaultyBackend, WhatIsReorderedComesBehindTheNext) {
    for (const bool is_reordered : {false, true}) {
        sim::World world;
        sim::Host& host = world.host("host", "10.0.0.1");
        if (is_reordered) {
            host.faults().once(CallKind::receive_messages, Fault::of(FaultKind::reordered, 1s));
        }
        std::string order;
        host.run(
            [](std::string& into) -> Task<void> {
                auto noted = co_await note_who_is_first(into);
                EXPECT_TRUE(noted) << (noted ? "" : noted.error().message());
            },
            std::ref(order));
        world.run_until_idle();
        EXPECT_EQ(order, is_reordered ? "21" : "12");
    }
}

Task<void> read_within(Duration limit, Outcome& outcome) {
    auto stream = co_await TcpStream::connect(at("10.0.0.1:7"));
    if (!stream) co_return;
    auto sent = co_await stream->write_all(bytes_of("hello"));
    auto got = co_await within(limit, stream->read());
    if (sent && got) outcome.echoed = text_of(got->bytes());
    if (!got) outcome.failure = got.error().message();
    outcome.ended = (co_await this_loop()).now();
}

TEST(FaultyBackend, ACancelThatLosesItsRaceBringsTheResult) {
    Pair pair;
    pair.client.faults().once(CallKind::receive_lease, Fault::of(FaultKind::cancel_loses));
    Outcome outcome;
    pair.server.run(echo_one_stream(at("10.0.0.1:7")));
    pair.client.run(read_within(50ms, outcome));
    pair.world.run_until_idle(1min);
    EXPECT_EQ(outcome.echoed, "hello");
    EXPECT_EQ(outcome.ended, Time(70ms)) << "told when the limit ran out, not when it came";
}

TEST(FaultyBackend, ALateCancelStillEnds) {
    Pair pair;
    pair.client.faults().once(CallKind::receive_lease, Fault::of(FaultKind::cancel_late, 3ms));
    Outcome outcome;
    pair.server.run(echo_one_stream(at("10.0.0.1:7")));
    pair.client.run(read_within(5ms, outcome));
    pair.world.run_until_idle(1min);
    EXPECT_EQ(outcome.failure, "recv: the time limit ran out");
    EXPECT_EQ(outcome.ended, Time(28ms));
}

TEST(FaultyBackend, AHostThatCrashesWaitsForNothingLate) {
    Pair pair;
    pair.server.faults().always(CallKind::accept, Fault::of(FaultKind::cancel_late, 1h));
    pair.server.run(echo_one_stream(at("10.0.0.1:7")));
    pair.world.run_for(10ms);
    pair.server.crash();
    EXPECT_EQ(pair.server.running(), 0u);
}

TEST(FaultyBackend, ChanceIsOfTheSeed) {
    const std::string text = some_text(2000);
    const auto play = [&](std::uint64_t seed, FaultTally& tally) {
        Pair pair;
        pair.client.faults().at_random(seed, 0.3);
        pair.server.faults().at_random(seed + 1, 0.3);
        EXPECT_EQ(pair.play(text).echoed, text) << "seed " << seed;
        tally.add(pair.client.faults().tally());
        tally.add(pair.server.faults().tally());
        return pair.world.trace();
    };
    FaultTally tally;
    FaultTally again;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        EXPECT_EQ(play(seed, tally), play(seed, again)) << "seed " << seed;
    }
    EXPECT_EQ(tally.to_string(), again.to_string());
    EXPECT_GT(tally.kinds(), 9u) << tally.to_string();
}

TEST(FaultyBackend, TheTallyNamesWhatNeverCame) {
    FaultTally tally;
    const std::size_t all = tally.missing().size();
    EXPECT_GT(all, 100u);
    tally.add(CallKind::bind, Fault::error(EACCES), 3);
    tally.add(CallKind::bind, Fault::error(EADDRINUSE));
    tally.add(CallKind::wait, Fault::of(FaultKind::wakes_late));
    EXPECT_EQ(tally.missing().size(), all - 3);
    EXPECT_EQ(tally.missing().front(), "accept: EMFILE");
    EXPECT_EQ(tally.total(), 5u);
    EXPECT_EQ(tally.to_string(),
              "bind           EACCES 3, EADDRINUSE 1\n"
              "wait           wakes late 1\n");
}

}  // namespace
}  // namespace fivetuple
