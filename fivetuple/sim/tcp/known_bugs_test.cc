// The bugs that other stacks had, each under the name by which it is known there.
#include "tests/testing/tcp_script.h"
#include "tests/testing/tcp_wire.h"

namespace fivetuple::sim::tcp {
namespace {

using namespace std::chrono_literals;
using testing_help::TcpScript;
using testing_help::TcpWire;

TEST(TcpKnownBugs, Smoltcp62_AcknowledgementsOfNothingNewDoNotPutOffTheRetransmission) {
    TcpScript script;
    script.accept_one();
    script.write("lost");
    script.drop_all();
    const Time begin = script.now;
    bool again = false;
    for (int count = 0; count < 30 && !again; ++count) {
        // A peer that sends all the time, and acknowledges the same each time.
        script.pass(20ms);
        script.give({.psh = true, .ack = true}, 1 + static_cast<std::uint32_t>(count), 1, "x");
        while (auto out = script.host.output()) again |= !out->segment.payload.empty();
    }
    EXPECT_TRUE(again);
    EXPECT_LE(script.now - begin, 260ms);
}

TEST(TcpKnownBugs, Smoltcp199_AWindowThatOpensIsAnnounced) {
    Settings small;
    small.receive_buffer = 8000;
    TcpScript script({}, small);
    script.accept_one();
    for (std::uint32_t at = 1; at < 4001; at += 1000) {
        script.give({.ack = true}, at, 1, std::string(1000, 'x'));
    }
    script.pass(1s);
    script.drop_all();
    EXPECT_EQ(script.read(1 << 16).size(), 4000u);
    EXPECT_GT(script.take().window, 0u);
}

TEST(TcpKnownBugs, SmoltcpPr935_ASmallReadIsAnnouncedLateAndNotNever) {
    Settings small;
    small.receive_buffer = 8000;
    TcpScript script({}, small);
    script.accept_one();
    for (std::uint32_t at = 1; at < 4001; at += 1000) {
        script.give({.ack = true}, at, 1, std::string(1000, 'x'));
    }
    script.pass(1s);
    script.drop_all();
    std::uint16_t window = 0;
    for (int count = 0; count < 40; ++count) {
        EXPECT_EQ(script.read(100).size(), 100u);
        while (auto out = script.host.output()) window = out->segment.window;
    }
    EXPECT_GE(window, 2000u);
}

TEST(TcpKnownBugs, Smoltcp489_APeerThatTakesItsWindowBackIsSurvived) {
    for (const bool sack : {false, true}) {
        TcpScript script;
        script.has_sack = sack;
        script.accept_one();
        script.write_bytes(8000);
        script.drop_all();
        script.window = 500;
        script.give({.psh = true, .ack = true}, 1, 1001, "x");
        script.drop_all();
        for (int count = 0; count < 5; ++count) {
            script.pass_to_next();
            while (auto out = script.host.output()) {
                EXPECT_LE(script.at_of(out->segment), 1501u) << "only what the window has";
            }
        }
        script.window = 0;
        script.give({.psh = true, .ack = true}, 2, 1001, "x");
        for (int count = 0; count < 5; ++count) {
            script.pass_to_next();
            script.drop_all();
        }
        script.window = 65535;
        std::uint32_t got = 1001;
        for (int count = 0; count < 50 && got < 8001; ++count) {
            script.give({.ack = true}, 3, got);
            while (auto out = script.host.output()) {
                const std::uint32_t at = script.at_of(out->segment);
                const auto size = static_cast<std::uint32_t>(out->segment.payload.size());
                if (at <= got) got = std::max(got, at + size);
            }
            if (script.host.next_deadline() != kNever) script.pass_to_next();
        }
        EXPECT_EQ(got, 8001u);
    }
}

TEST(TcpKnownBugs, Smoltcp518_AResetOfOneConnectionLeavesTheOthersAlone) {
    TcpWire wire(1);
    const auto first = wire.connect(), second = wire.connect();
    ASSERT_TRUE(first.server != nullptr && second.server != nullptr);
    first.client->abort(wire.now);
    wire.host(0).changed(*first.client);
    wire.pass(1s);
    EXPECT_TRUE(first.server->is_over());
    EXPECT_EQ(second.server->state(), TcpState::established);
    ASSERT_TRUE(second.client->send(bytes_of("alive"), wire.now));
    wire.host(0).changed(*second.client);
    wire.pass(1s);
    EXPECT_EQ(second.server->readable_bytes(), 5u);
    const auto third = wire.connect();
    EXPECT_NE(third.server, nullptr);
}

TEST(TcpKnownBugs, Smoltcp836_WhatWasRepeatedAndThenAcknowledgedIsNotRepeatedForEver) {
    TcpScript script;
    script.accept_one();
    script.write_bytes(3000);
    script.drop_all();
    script.pass(700ms);
    script.drop_all();
    script.give({.ack = true}, 1, 3001);
    script.drop_all();
    EXPECT_EQ(script.connection->unacknowledged_bytes(), 0u);
    EXPECT_EQ(script.host.next_deadline(), kNever);
    script.write("more");
    const Segment next = script.take();
    EXPECT_EQ(script.at_of(next), 3001u);
    EXPECT_EQ(text_of(next.payload), "more");
    script.give({.ack = true}, 1, 3005);
    EXPECT_EQ(script.host.next_deadline(), kNever);
}

TEST(TcpKnownBugs, Gvisor10243_AProbeWithoutDataIsAnswered) {
    Settings small;
    small.receive_buffer = 8000;
    TcpScript script({}, small);
    script.accept_one();
    for (std::uint32_t at = 1; at < 4001; at += 1000) {
        script.give({.ack = true}, at, 1, std::string(1000, 'x'));
    }
    script.pass(1s);
    script.drop_all();
    for (int count = 0; count < 3; ++count) {
        script.give({.ack = true}, 4000, 1);
        const Segment answer = script.take();
        EXPECT_EQ(script.ack_of(answer), 4001u);
        EXPECT_EQ(answer.window, 0u);
        script.pass(600ms);
    }
    script.give({.psh = true, .ack = true}, 4001, 1, "p");
    EXPECT_EQ(script.ack_of(script.take()), 4001u) << "nor is a byte of it taken";
}

// Each state, and what a segment that does not belong there makes of it: an answer or silence, and
// no change.
TEST(TcpKnownBugs, Gvisor1132_SegmentsAreCheckedInEveryState) {
    struct Case {
        TcpState state;
        void (*bring)(TcpScript&);
        std::uint32_t next;
    };
    const auto closes = [](TcpScript& script) {
        script.accept_one();
        script.close();
        script.drop_all();
    };
    const std::vector<Case> cases = {
        {TcpState::established, [](TcpScript& script) { script.accept_one(); }, 1},
        {TcpState::close_wait,
         [](TcpScript& script) {
             script.accept_one();
             script.give({.fin = true, .ack = true}, 1, 1);
         },
         2},
        {TcpState::fin_wait_1, closes, 1},
        {TcpState::fin_wait_2,
         [](TcpScript& script) {
             script.accept_one();
             script.close();
             script.drop_all();
             script.give({.ack = true}, 1, 2);
         },
         1},
        {TcpState::closing,
         [](TcpScript& script) {
             script.accept_one();
             script.close();
             script.give({.fin = true, .ack = true}, 1, 1);
         },
         2},
        {TcpState::last_ack,
         [](TcpScript& script) {
             script.accept_one();
             script.give({.fin = true, .ack = true}, 1, 1);
             script.close();
         },
         2},
        {TcpState::time_wait,
         [](TcpScript& script) {
             script.accept_one();
             script.close();
             script.give({.fin = true, .ack = true}, 1, 2);
         },
         2}};
    for (const Case& each : cases) {
        TcpScript script;
        each.bring(script);
        script.drop_all();
        ASSERT_EQ(script.state(), each.state);
        const std::string name(to_string(each.state));
        const auto is_answered = [&](Flags flags, std::uint32_t at, std::uint32_t ack,
                                     std::string_view text) {
            script.pass(1s);
            script.drop_all();
            script.give(flags, at, ack, text);
            bool bare = false;
            while (auto out = script.host.output()) {
                EXPECT_FALSE(out->segment.flags.rst) << name;
                bare |= out->segment.flags.ack;
            }
            EXPECT_EQ(script.state(), each.state) << name;
            return bare;
        };
        EXPECT_TRUE(is_answered({.ack = true}, each.next + 500'000, 1, "far")) << name;
        EXPECT_TRUE(is_answered({.syn = true}, each.next, 0, "")) << name;
        EXPECT_TRUE(is_answered({.syn = true, .ack = true}, each.next - 1, 1, "")) << name;
        if (each.state != TcpState::time_wait) {
            EXPECT_TRUE(is_answered({.ack = true}, each.next, 900'000, "")) << name;
        }
        EXPECT_FALSE(is_answered({.rst = true}, each.next + 500'000, 0, "")) << name;
        EXPECT_FALSE(is_answered({}, each.next, 0, "")) << name;
    }
}

}  // namespace
}  // namespace fivetuple::sim::tcp
