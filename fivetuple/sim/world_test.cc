#include "fivetuple/sim/world.h"

#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/udp.h"

#include <gtest/gtest.h>

#include "tests/testing/simulated_peers.h"
#include <array>
#include <cerrno>
#include <set>
#include <string>
#include <vector>

namespace fivetuple::sim {
namespace {

using namespace std::chrono_literals;
using testing_help::at;
using testing_help::echo_datagrams;

// Asks `count` times, each time until an answer comes; notes how long each took.
Task<void> ask(SocketAddress whom, int count, std::vector<Duration>& took) {
    auto socket = co_await UdpSocket::connect(whom);
    if (!socket) co_return;
    Loop& loop = co_await this_loop();
    std::array<std::byte, 2048> room;
    for (int asked = 0; asked < count; ++asked) {
        const Time began = loop.now();
        while (true) {
            auto sent = co_await socket->send(bytes_of("question"));
            if (!sent) co_return;
            auto got = co_await within(100ms, socket->receive(room));
            if (got) break;
        }
        took.push_back(loop.now() - began);
    }
}

TEST(World, ADatagramTakesTheTimeOfItsWay) {
    World world;
    Host& server = world.host("server", "10.0.0.1");
    Host& client = world.host("client", "10.0.0.2");
    world.link(server, client, {.delay = 20ms});
    std::vector<Duration> took;
    server.run(echo_datagrams(at("10.0.0.1:7")));
    client.run(ask(at("10.0.0.1:7"), 3, took));
    EXPECT_TRUE(world.run_until_idle());
    EXPECT_EQ(took, (std::vector<Duration>{40ms, 40ms, 40ms}));
    EXPECT_EQ(world.elapsed(), 120ms);
    EXPECT_EQ(client.running(), 0u);
    EXPECT_EQ(server.running(), 1u) << "it waits for more";
}

TEST(World, WhatIsLostIsAskedForAgain) {
    World world(5);
    Host& server = world.host("server", "10.0.0.1");
    Host& client = world.host("client", "10.0.0.2");
    world.link(server, client, {.delay = 1ms, .loss = 0.3});
    std::vector<Duration> took;
    server.run(echo_datagrams(at("10.0.0.1:7")));
    client.run(ask(at("10.0.0.1:7"), 100, took));
    EXPECT_TRUE(world.run_until_idle());
    ASSERT_EQ(took.size(), 100u);
    std::size_t at_once = 0;
    for (const Duration each : took) at_once += each == 2ms;
    EXPECT_NEAR(static_cast<double>(at_once), 49, 15);
}

TEST(World, APortWithoutASocketRefuses) {
    World world;
    Host& server = world.host("server", "10.0.0.1");
    Host& client = world.host("client", "10.0.0.2");
    world.link(server, client, {.delay = 5ms});
    int code = 0;
    client.run(
        [](int& answer) -> Task<void> {
            auto socket = co_await UdpSocket::connect(at("10.0.0.1:9"));
            auto sent = co_await socket->send(bytes_of("anybody?"));
            EXPECT_TRUE(sent.has_value());
            std::array<std::byte, 16> room;
            auto got = co_await within(1s, socket->receive(room));
            if (!got) answer = got.error().code();
        },
        std::ref(code));
    world.run_until_idle();
    EXPECT_EQ(code, ECONNREFUSED);
    EXPECT_EQ(world.elapsed(), 10ms);
}

TEST(World, RoutersPassPacketsOnAndTellWhatIsTooLarge) {
    World world;
    Host& server = world.host("server", "10.0.0.1");
    Host& client = world.host("client", "10.0.1.1");
    Router& router = world.router("router", {"10.0.0.254"});
    world.link(server, router, {.delay = 1ms, .mtu = 1000});
    world.link(router, client, {.delay = 1ms});
    std::vector<Duration> took;
    server.run(echo_datagrams(at("10.0.0.1:7")));
    client.run(ask(at("10.0.0.1:7"), 2, took));
    EXPECT_TRUE(world.run_until_idle());
    EXPECT_EQ(took, (std::vector<Duration>{4ms, 4ms}));
    std::uint32_t mtu = 0;
    client.run(
        [](std::uint32_t& told) -> Task<void> {
            UdpOptions options;
            options.report_failures = true;
            auto socket = co_await UdpSocket::connect(at("10.0.0.1:7"), options);
            const std::string large(1400, 'x');
            auto sent = co_await socket->send(bytes_of(large));
            EXPECT_TRUE(sent.has_value());
            std::array<std::byte, 2048> room;
            auto got = co_await within(1s, socket->receive(room));
            EXPECT_TRUE(!got && got.error().is(EMSGSIZE));
            if (auto failure = socket->take_failure()) told = failure->mtu;
            // What is known now is heeded: the same goes in fragments.
            sent = co_await socket->send(bytes_of(large));
            EXPECT_TRUE(sent.has_value());
            got = co_await within(1s, socket->receive(room));
            EXPECT_TRUE(got && got->bytes.size() == 1400u);
        },
        std::ref(mtu));
    world.run_until_idle();
    EXPECT_EQ(mtu, 1000u);
}

TEST(World, TheSameSeedGivesTheSameRun) {
    const auto trace = [](std::uint64_t seed) {
        World world(seed);
        Host& server = world.host("server", "10.0.0.1");
        Host& client = world.host("client", "10.0.0.2");
        world.link(server, client,
                   {.delay = 1ms, .jitter = 3ms, .may_overtake = true, .loss = 0.2});
        std::vector<Duration> took;
        server.run(echo_datagrams(at("10.0.0.1:7")));
        client.run(ask(at("10.0.0.1:7"), 50, took));
        world.run_until_idle();
        return world.trace();
    };
    EXPECT_EQ(trace(1), trace(1));
    EXPECT_NE(trace(1), trace(2));
}

// Several hosts, and several tasks of each, note their names at the same times.
std::string order_of(std::uint64_t seed) {
    World world(seed);
    std::string order;
    for (const char* name : {"a", "b", "c"}) {
        Host& host = world.host(name, "10.0.0." + std::to_string(name[0] - 'a' + 1));
        for (int task = 0; task < 3; ++task) {
            host.run(
                [](std::string& into, std::string own_name, Duration first) -> Task<void> {
                    co_await sleep(first);
                    co_await sleep(1s - first);
                    into += own_name + ' ';
                },
                std::ref(order), name + std::to_string(task), 1ms * (task + 1));
        }
    }
    world.run_until_idle();
    return order;
}

TEST(World, WhatIsDueAtTheSameTimeComesInAnOrderOfTheSeeds) {
    std::set<std::string> orders;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        const std::string order = order_of(seed);
        EXPECT_EQ(order, order_of(seed)) << "seed " << seed;
        EXPECT_EQ(order.size(), 27u) << "seed " << seed;
        orders.insert(order);
    }
    EXPECT_GT(orders.size(), 20u);
}

TEST(World, PlansAreCarriedOutAtTheirTime) {
    World world;
    std::vector<Duration> when;
    for (const Duration each : {30ms, 10ms, 20ms}) {
        world.plan(each, [&] { when.push_back(world.elapsed()); });
    }
    EXPECT_TRUE(world.run_until_idle());
    EXPECT_EQ(when, (std::vector<Duration>{10ms, 20ms, 30ms}));
}

TEST(World, AnObserverChangesNothing) {
    class Counter final : public Observer {
    public:
        void sent(const Node&, Cable&, Bytes, Time) override { ++sent_; }
        void lost(const Node&, Bytes, std::string_view why, Time) override {
            EXPECT_EQ(why, "loss");
            ++lost_;
        }
        void arrived(const Node&, Bytes, Time) override { ++arrived_; }
        int sent_ = 0;
        int lost_ = 0;
        int arrived_ = 0;
    };
    const auto trace = [](Observer* observer) {
        World world(3);
        world.observe(observer);
        Host& server = world.host("server", "10.0.0.1");
        Host& client = world.host("client", "10.0.0.2");
        world.link(server, client, {.delay = 1ms, .loss = 0.2});
        std::vector<Duration> took;
        server.run(echo_datagrams(at("10.0.0.1:7")));
        client.run(ask(at("10.0.0.1:7"), 50, took));
        world.run_until_idle();
        return world.trace();
    };
    Counter counter;
    EXPECT_EQ(trace(&counter), trace(nullptr));
    EXPECT_GT(counter.lost_, 0);
    EXPECT_EQ(counter.sent_, counter.lost_ + counter.arrived_);
}

TEST(World, ACutCableAndAPartitionKeepPacketsAway) {
    World world;
    Host& server = world.host("server", "10.0.0.1");
    Host& client = world.host("client", "10.0.0.2");
    Cable& cable = world.link(server, client, {.delay = 20ms});
    std::vector<Duration> took;
    server.run(echo_datagrams(at("10.0.0.1:7")));
    client.run(ask(at("10.0.0.1:7"), 1, took));
    world.run_for(10ms);
    cable.cut();
    world.run_for(1s);
    EXPECT_TRUE(took.empty());
    cable.mend();
    world.partition({&server}, {&client}, false);
    world.run_for(1s);
    EXPECT_TRUE(took.empty()) << "questions arrive, answers do not";
    world.heal();
    world.run_for(1s);
    EXPECT_EQ(took.size(), 1u);
}

TEST(World, APausedHostAnswersLater) {
    World world;
    Host& server = world.host("server", "10.0.0.1");
    Host& client = world.host("client", "10.0.0.2");
    world.link(server, client, {.delay = 1ms});
    std::vector<Duration> took;
    server.run(echo_datagrams(at("10.0.0.1:7")));
    world.run_for(1ms);
    server.pause();
    client.run(ask(at("10.0.0.1:7"), 1, took));
    world.run_for(50ms);
    EXPECT_TRUE(took.empty());
    server.resume();
    world.run_for(50ms);
    EXPECT_EQ(took, (std::vector<Duration>{51ms}));
}

TEST(World, ACrashedHostIsGoneWithItsPrograms) {
    World world;
    Host& server = world.host("server", "10.0.0.1");
    Host& client = world.host("client", "10.0.0.2");
    world.link(server, client, {.delay = 1ms});
    std::vector<Duration> took;
    server.run(echo_datagrams(at("10.0.0.1:7")));
    client.run(ask(at("10.0.0.1:7"), 1, took));
    world.run_for(500us);
    server.crash();
    EXPECT_EQ(server.running(), 0u);
    world.run_for(1s);
    EXPECT_TRUE(took.empty());
    server.restart();
    server.run(echo_datagrams(at("10.0.0.1:7")));
    world.run_for(1s);
    EXPECT_EQ(took.size(), 1u);
}

TEST(World, AClockMayBeWrong) {
    World world;
    Host& fast = world.host("fast", "10.0.0.1", {.clock_rate = 2});
    bool is_done = false;
    fast.run(
        [](bool& done) -> Task<void> {
            co_await sleep(1s);
            done = true;
        },
        std::ref(is_done));
    world.run_for(499ms);
    EXPECT_FALSE(is_done);
    world.run_for(2ms);
    EXPECT_TRUE(is_done);
}

TEST(World, WhatAProgramThrowsComesOutOfTheRun) {
    World world;
    Host& host = world.host("host", "10.0.0.1");
    host.run([]() -> Task<void> {
        co_await sleep(1ms);
        throw std::runtime_error("planted");
    });
    EXPECT_THROW(world.run_until_idle(), std::runtime_error);
    EXPECT_EQ(host.running(), 0u);
}

TEST(World, ALoopThatIsTurnedByItselfMovesTheTime) {
    World world;
    Host& host = world.host("host", "10.0.0.1");
    auto loop = host.open_loop();
    fivetuple::run(*loop, []() -> Task<void> { co_await sleep(3s); }());
    EXPECT_EQ(world.elapsed(), 3s);
}

}  // namespace
}  // namespace fivetuple::sim
