#include "tests/testing/tcp_script.h"
#include "tests/testing/tcp_wire.h"
#include <cerrno>

namespace fivetuple::sim::tcp {
namespace {

using namespace std::chrono_literals;
using testing_help::TcpScript;
using testing_help::TcpWire;

Settings with(const auto& change) {
    Settings settings;
    change(settings);
    return settings;
}

TEST(TcpSending, G4_NagleHoldsASecondSmallSegmentUntilTheFirstIsAcknowledged) {
    TcpScript script;
    script.accept_one();
    script.write("a");
    EXPECT_EQ(text_of(script.take().payload), "a");
    script.write("b");
    script.write("c");
    EXPECT_TRUE(script.is_quiet());
    script.give({.ack = true}, 1, 2);
    EXPECT_EQ(text_of(script.take().payload), "bc");
}

TEST(TcpSending, G4_NagleLetsFullSegmentsGo) {
    TcpScript script;
    script.accept_one();
    script.write_bytes(2500);
    EXPECT_EQ(script.take().payload.size(), 1000u);
    EXPECT_EQ(script.take().payload.size(), 1000u);
    EXPECT_EQ(script.take().payload.size(), 500u) << "one that is not full may be on its way";
    script.write_bytes(100);
    EXPECT_TRUE(script.is_quiet());
}

TEST(TcpSending, G4_NoDelayLetsEverySegmentGo) {
    TcpScript script({}, with([](Settings& s) { s.no_delay = true; }));
    script.accept_one();
    for (const char* each : {"a", "b", "c"}) {
        script.write(each);
        EXPECT_EQ(text_of(script.take().payload), each);
    }
}

TEST(TcpSending, G4_ACorkMakesOneSegmentOfManyWritesAndHoldsNothingLongerThan200Ms) {
    TcpScript script({}, with([](Settings& s) { s.cork = true; }));
    script.accept_one();
    script.write("header ");
    script.write("body");
    EXPECT_TRUE(script.is_quiet());
    script.connection->settings().cork = false;
    script.connection->apply(script.now);
    script.host.changed(*script.connection);
    EXPECT_EQ(text_of(script.take().payload), "header body");
    script.give({.ack = true}, 1, 12);
    script.connection->settings().cork = true;
    script.write("alone");
    EXPECT_TRUE(script.is_quiet());
    const Duration waited = script.pass_to_next();
    EXPECT_GE(waited, 200ms);
    EXPECT_LE(waited, 210ms);
    EXPECT_EQ(text_of(script.take().payload), "alone");
}

TEST(TcpSending, MoreHoldsASegmentUntilTheRestComes) {
    TcpScript script;
    script.accept_one();
    script.write("part ", true);
    EXPECT_TRUE(script.is_quiet());
    script.write("whole");
    EXPECT_EQ(text_of(script.take().payload), "part whole");
}

TEST(TcpSending, G4_J5_ARequestInTwoWritesWaitsForTheDelayedAcknowledgement) {
    // The client writes twice and reads; the server answers what is whole.
    const auto round = [](const Settings& client) {
        TcpWire wire(1, {.delay = 100us});
        auto pair = wire.connect(client);
        EXPECT_NE(pair.server, nullptr);
        Duration last{};
        for (int count = 0; count < 10; ++count) {
            const Time begin = wire.now;
            for (const char* part : {"head", "body"}) {
                EXPECT_TRUE(pair.client->send(bytes_of(part), wire.now));
                wire.host(0).changed(*pair.client);
            }
            std::array<std::byte, 64> room{};
            wire.run_until([&] { return pair.server->readable_bytes() == 8; }, 10s);
            EXPECT_EQ(pair.server->receive(room, wire.now).value_or(0), 8u);
            EXPECT_TRUE(pair.server->send(bytes_of("answer"), wire.now));
            wire.host(1).changed(*pair.server);
            wire.run_until([&] { return pair.client->readable_bytes() == 6; }, 10s);
            EXPECT_EQ(pair.client->receive(room, wire.now).value_or(0), 6u);
            last = wire.now - begin;
        }
        return last;
    };
    EXPECT_GE(round({}), 40ms);
    EXPECT_LE(round({}), 45ms);
    EXPECT_LE(round(with([](Settings& s) { s.no_delay = true; })), 1ms);
}

TEST(TcpSending, G5_ARetransmissionComesAfterTheTimeoutAndEachLaterOneAfterTwiceAsLong) {
    TcpScript script;
    script.accept_one();
    script.write("lost");
    script.drop_all();
    Duration expected = 200ms;
    for (int count = 0; count < 10; ++count) {
        const Duration waited = script.pass_to_next();
        EXPECT_GE(waited, expected) << count;
        EXPECT_LE(waited, expected + 10ms) << count;
        EXPECT_EQ(text_of(script.take().payload), "lost");
        expected = std::min<Duration>(expected * 2, 120s);
    }
}

TEST(TcpSending, G5_DataThatIsNeverAcknowledgedTimesOutAfterFifteenRetransmissions) {
    TcpScript script;
    script.accept_one();
    script.write("lost");
    while (!script.connection->is_over()) {
        script.drop_all();
        script.pass_to_next();
    }
    // 924.6 s from the first retransmission on, as in ip-sysctl; seen at the next timeout.
    EXPECT_GE(script.now, Time{} + 924s);
    EXPECT_LE(script.now, Time{} + 924s + 121s);
    EXPECT_EQ(script.write_error(), ETIMEDOUT);
}

TEST(TcpSending, G5_AUserTimeoutOfThreeSecondsFiresAtThreePointTwo) {
    for (const bool sack : {false, true}) {
        TcpScript script({}, with([](Settings& s) { s.user_timeout = 3s; }));
        script.has_sack = sack;
        script.accept_one();
        script.write("lost");
        const Time begin = script.now;
        while (!script.connection->is_over()) {
            script.drop_all();
            script.pass_to_next();
        }
        EXPECT_GE(script.now - begin, 3200ms);
        EXPECT_LE(script.now - begin, 3300ms);
        EXPECT_EQ(script.read_error(), ETIMEDOUT);
    }
}

TEST(TcpSending, ASoftErrorOfIcmpIsTheReasonOfATimeout) {
    TcpScript script({}, with([](Settings& s) { s.user_timeout = 1s; }));
    script.accept_one();
    script.write("lost");
    script.host.unreachable(script.connection->tuple(), EHOSTUNREACH, script.now);
    while (!script.connection->is_over()) {
        script.drop_all();
        script.pass_to_next();
    }
    EXPECT_EQ(script.read_error(), EHOSTUNREACH);
}

TEST(TcpSending, G5_KeepaliveOfOneOneThreeNoticesAVanishedPeerAfterFourSeconds) {
    TcpScript script({}, with([](Settings& s) {
                         s.keepalive = true;
                         s.keepalive_idle = 1s;
                         s.keepalive_interval = 1s;
                         s.keepalive_probes = 3;
                     }));
    script.accept_one();
    unsigned probes = 0;
    while (!script.connection->is_over()) {
        script.pass_to_next();
        if (script.connection->is_over()) break;
        const Segment probe = script.take();
        EXPECT_EQ(script.at_of(probe), 0u) << "an old place, and nothing in it";
        EXPECT_TRUE(probe.payload.empty());
        ++probes;
    }
    EXPECT_EQ(probes, 3u);
    EXPECT_EQ(script.now, Time{} + 4s);
    EXPECT_TRUE(script.take().flags.rst);
    EXPECT_EQ(script.read_error(), ETIMEDOUT);
}

TEST(TcpSending, AnAnsweredKeepaliveGoesOn) {
    TcpScript script({}, with([](Settings& s) {
                         s.keepalive = true;
                         s.keepalive_idle = 1s;
                         s.keepalive_interval = 1s;
                         s.keepalive_probes = 2;
                     }));
    script.accept_one();
    for (int count = 0; count < 20; ++count) {
        script.pass_to_next();
        while (script.host.output()) script.give({.ack = true}, 1, 1);
    }
    EXPECT_EQ(script.state(), TcpState::established);
}

TEST(TcpSending, G3_AShutWindowIsProbedAndOpensAgain) {
    TcpScript script;
    script.accept_one();
    script.window = 0;
    script.give({.ack = true}, 1, 1);
    EXPECT_EQ(script.write("waiting"), 7u);
    EXPECT_TRUE(script.is_quiet());
    Duration expected = 200ms;
    for (int count = 0; count < 5; ++count) {
        const Duration waited = script.pass_to_next();
        EXPECT_GE(waited, expected) << count;
        EXPECT_LE(waited, expected + 10ms) << count;
        const Segment probe = script.take();
        EXPECT_EQ(script.at_of(probe), 0u);
        EXPECT_TRUE(probe.payload.empty());
        script.give({.ack = true}, 1, 1);
        expected *= 2;
    }
    script.window = 1000;
    script.give({.ack = true}, 1, 1);
    EXPECT_EQ(text_of(script.take().payload), "waiting");
}

TEST(TcpSending, AShutWindowThatIsConfirmedIsNoReasonToGiveUp) {
    TcpScript script;
    script.accept_one();
    script.window = 0;
    script.give({.ack = true}, 1, 1);
    script.write("waiting");
    for (int count = 0; count < 60; ++count) {
        script.pass_to_next();
        while (script.host.output()) script.give({.ack = true}, 1, 1);
    }
    EXPECT_EQ(script.state(), TcpState::established);
    EXPECT_GT(script.now, Time{} + 1h);
}

TEST(TcpSending, AWindowSmallerThanASegmentIsUsedOnlyAfterAWhile) {
    TcpScript script;
    script.accept_one();
    script.give({.ack = true}, 1, 1, "x");
    script.window = 300;
    script.give({.ack = true}, 2, 1);
    script.drop_all();
    script.write_bytes(1000);
    EXPECT_TRUE(script.is_quiet()) << "a silly window is not filled at once";
    script.pass_to_next();
    EXPECT_EQ(script.take().payload.size(), 300u);
}

TEST(TcpSending, UrgentDataIsPointedAtUntilItIsAcknowledged) {
    TcpScript script;
    script.accept_one();
    const auto sent = script.connection->send(bytes_of("abc!"), script.now, false, true);
    script.host.changed(*script.connection);
    ASSERT_TRUE(sent);
    const Segment segment = script.take();
    EXPECT_TRUE(segment.flags.urg);
    EXPECT_EQ(segment.urgent_pointer, 4u) << "behind the byte, as everybody does it";
    script.give({.ack = true}, 1, 5);
    script.write("later");
    EXPECT_FALSE(script.take().flags.urg);
}

TEST(TcpSending, PacingSpreadsSegmentsOverTime) {
    TcpScript script({}, with([](Settings& s) { s.pacing_rate = 10'200; }));
    script.accept_one();
    script.write_bytes(3000);
    EXPECT_EQ(script.take().payload.size(), 1000u);
    for (int count = 0; count < 2; ++count) {
        EXPECT_TRUE(script.is_quiet());
        EXPECT_EQ(script.pass_to_next(), 100ms);
        EXPECT_EQ(script.take().payload.size(), 1000u);
    }
}

TEST(TcpSending, TheSendBufferIsBounded) {
    TcpScript script({}, with([](Settings& s) { s.send_buffer = 10'000; }));
    script.accept_one();
    EXPECT_EQ(script.write_bytes(20'000), 5000u) << "half of what the kernel counts";
    EXPECT_EQ(script.write_error(), EAGAIN);
    EXPECT_FALSE(script.connection->is_writable());
    script.drop_all();
    script.give({.ack = true}, 1, 5001);
    EXPECT_TRUE(script.connection->is_writable());
}

TEST(TcpSending, WhatIsUnsentCanBeLimited) {
    TcpScript script({}, with([](Settings& s) { s.not_sent_low_water = 2000; }));
    script.accept_one();
    script.write_bytes(11'000);
    EXPECT_TRUE(script.connection->is_writable()) << "ten segments are in flight, one is not";
    script.write_bytes(1500);
    EXPECT_FALSE(script.connection->is_writable());
}

}  // namespace
}  // namespace fivetuple::sim::tcp
