#include "fivetuple/sim/script.h"

#include "fivetuple/sim/world.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/udp.h"

#include <gtest/gtest.h>

#include "tests/testing/simulated_peers.h"
#include <array>
#include <set>
#include <string>
#include <vector>

namespace fivetuple::sim {
namespace {

using namespace std::chrono_literals;
using testing_help::at;
using testing_help::echo_datagrams;

// Asks ten times a second; notes when each answer came.
Task<void> ask(SocketAddress whom, int count, std::vector<Duration>& answers) {
    auto socket = co_await UdpSocket::connect(whom);
    if (!socket) co_return;
    Loop& loop = co_await this_loop();
    std::array<std::byte, 256> room;
    for (int asked = 0; asked < count; ++asked) {
        const Time next = Time{100ms * (asked + 1)};
        auto sent = co_await socket->send(bytes_of("question"));
        if (!sent) co_return;
        while (loop.now() < next) {
            auto got = co_await within(next - loop.now(), socket->receive(room));
            if (got) answers.push_back(loop.now() - Time{});
        }
    }
}

class ScriptTest : public ::testing::Test {
protected:
    ScriptTest()
        : world(7),
          server(world.host("server", "10.0.0.1")),
          client(world.host("client", "10.0.0.2")) {
        world.link(client, server, {.delay = 5ms});
    }
    // Three seconds of questions, with this from 1 s to 2 s.
    void suffer(TroubleKind kind, double strength = 0) {
        Trouble trouble;
        trouble.kind = kind;
        trouble.at = 1s;
        trouble.lasts = 1s;
        trouble.where = kind >= TroubleKind::partition ? "server" : "client-server";
        trouble.strength = strength;
        server.run(echo_datagrams(at("10.0.0.1:7")));
        client.run(ask(at("10.0.0.1:7"), 30, answers));
        play(world, {trouble}, [this](Host& host) {
            ++came_up;
            host.run(echo_datagrams(at("10.0.0.1:7")));
        });
        world.run_until_idle();
        before = count(0s, 1s);
        during = count(1s, 2s);
        afterwards = count(2s, 4s);
    }
    int count(Duration from, Duration until) const {
        int found = 0;
        for (const Duration each : answers) found += each >= from && each < until;
        return found;
    }

    World world;
    Host& server;
    Host& client;
    std::vector<Duration> answers;
    int came_up = 0;
    int before = 0;
    int during = 0;
    int afterwards = 0;
};

TEST_F(ScriptTest, ACutEndsByItself) {
    suffer(TroubleKind::cut);
    EXPECT_EQ(before, 10);
    EXPECT_EQ(during, 0);
    EXPECT_EQ(afterwards, 10);
}
TEST_F(ScriptTest, OneWayIsEnoughToGetNoAnswer) {
    suffer(TroubleKind::one_way);
    EXPECT_EQ(during, 0);
    EXPECT_EQ(afterwards, 10);
    EXPECT_GT(client.cables()[0]->from(client).swallowed(), 0u);
    EXPECT_EQ(client.cables()[0]->from(server).swallowed(), 0u);
}
TEST_F(ScriptTest, LossLosesSome) {
    suffer(TroubleKind::loss, 0.5);
    EXPECT_EQ(before, 10);
    EXPECT_LT(during, 10);
    EXPECT_EQ(afterwards, 10);
}
TEST_F(ScriptTest, DuplicatesComeTwice) {
    suffer(TroubleKind::duplicate, 0.9);
    EXPECT_EQ(before, 10);
    EXPECT_GT(during, 12);
    EXPECT_EQ(afterwards, 10);
}
TEST_F(ScriptTest, WrongBitsAreNotTaken) {
    suffer(TroubleKind::corrupt, 0.9);
    EXPECT_LT(during, 5);
    EXPECT_EQ(afterwards, 10);
}
TEST_F(ScriptTest, ADelayIsAddedToWhatThereIs) {
    suffer(TroubleKind::delay, 0.02);
    EXPECT_EQ(during, 10);
    EXPECT_EQ(answers[12], 1200ms + 50ms);
    EXPECT_EQ(answers[25], 2500ms + 10ms);
}
TEST_F(ScriptTest, AClogLetsEverythingOutAtItsEnd) {
    suffer(TroubleKind::clog);
    EXPECT_EQ(during, 0);
    EXPECT_EQ(count(2s, 2010ms), 10);
}
TEST_F(ScriptTest, OvertakenPacketsAllCome) {
    suffer(TroubleKind::reorder, 0.5);
    EXPECT_EQ(before + during + afterwards, 30);
}
TEST_F(ScriptTest, APartitionIsHealed) {
    suffer(TroubleKind::partition);
    EXPECT_EQ(during, 0);
    EXPECT_EQ(afterwards, 10);
}
TEST_F(ScriptTest, TheDeafDoNotHear) {
    suffer(TroubleKind::deaf);
    EXPECT_EQ(during, 0);
    EXPECT_EQ(afterwards, 10);
}
TEST_F(ScriptTest, WhoIsPausedAnswersLater) {
    suffer(TroubleKind::pause);
    EXPECT_EQ(during, 0);
    EXPECT_EQ(afterwards, 20);
}
TEST_F(ScriptTest, WhoCrashesComesUpAgainAndIsStarted) {
    suffer(TroubleKind::crash);
    EXPECT_EQ(came_up, 1);
    EXPECT_EQ(during, 0);
    EXPECT_EQ(afterwards, 10);
}
TEST_F(ScriptTest, AClockJumpsAndNothingElseDoes) {
    suffer(TroubleKind::clock, 1000);
    EXPECT_EQ(before + during + afterwards, 30);
}

TEST_F(ScriptTest, TwoCutsAtOnceEndWithTheLast) {
    Trouble first{TroubleKind::cut, 1s, 1s, "client-server", false, 0};
    Trouble second{TroubleKind::cut, 1500ms, 1s, "client-server", false, 0};
    server.run(echo_datagrams(at("10.0.0.1:7")));
    client.run(ask(at("10.0.0.1:7"), 30, answers));
    play(world, {first, second});
    world.run_until_idle();
    EXPECT_EQ(count(1s, 2500ms), 0);
    EXPECT_EQ(count(2500ms, 4s), 5);
}

TEST_F(ScriptTest, TheSeedDrawsTheScript) {
    const auto draw = [&](std::uint64_t seed) {
        return draw_script(world, Random(seed), {.count = 12});
    };
    EXPECT_EQ(draw(1), draw(1));
    EXPECT_NE(draw(1), draw(2));
    std::set<TroubleKind> kinds;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const Script script = draw(seed);
        ASSERT_EQ(script.size(), 12u);
        for (const Trouble& trouble : script) {
            kinds.insert(trouble.kind);
            EXPECT_LE(trouble.end(), end_of(script));
            EXPECT_FALSE(trouble.to_string().empty());
        }
    }
    EXPECT_EQ(kinds.size(), std::size(kTroubleKinds)) << "every kind comes";
}

TEST_F(ScriptTest, AfterAScriptEverythingIsAsItWas) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        World other(seed);
        Host& one = other.host("one", "10.0.0.1");
        Host& two = other.host("two", "10.0.0.2");
        Cable& cable = other.link(one, two, {.delay = 1ms});
        play(other, draw_script(other, Random(seed), {.count = 40}));
        other.run_until_idle();
        EXPECT_FALSE(one.is_down() || two.is_down() || one.is_paused() || two.is_paused());
        EXPECT_FALSE(cable.from(one).swallows() || cable.from(two).swallows());
        std::vector<Duration> got;
        const Duration began = other.elapsed();
        two.run(echo_datagrams(at("10.0.0.2:7")));
        one.run(
            [](std::vector<Duration>& into) -> Task<void> {
                auto socket = co_await UdpSocket::connect(at("10.0.0.2:7"));
                auto sent = co_await socket->send(bytes_of("question"));
                EXPECT_TRUE(sent.has_value());
                std::array<std::byte, 16> room;
                auto answer = co_await within(1s, socket->receive(room));
                if (answer) into.push_back((co_await this_loop()).now() - Time{});
            },
            std::ref(got));
        other.run_until_idle();
        ASSERT_EQ(got.size(), 1u) << "seed " << seed;
        EXPECT_EQ(got[0] - began, 2ms) << "seed " << seed;
    }
}

TEST(ScriptText, SaysWhatGoesWrong) {
    const Trouble loss{TroubleKind::loss, 1250ms, 3s, "server-client", false, 0.2};
    EXPECT_EQ(loss.to_string(), "1.250 s: loss of 20 % on server-client for 3.000 s");
    const Trouble crash{TroubleKind::crash, 2s, 500ms, "server", false, 0};
    EXPECT_EQ(crash.to_string(), "2.000 s: crash of server for 0.500 s");
}

}  // namespace
}  // namespace fivetuple::sim
