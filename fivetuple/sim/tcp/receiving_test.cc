#include "tests/testing/tcp_script.h"
#include <cerrno>

namespace fivetuple::sim::tcp {
namespace {

using namespace std::chrono_literals;
using testing_help::TcpScript;

Settings with(const auto& change) {
    Settings settings;
    change(settings);
    return settings;
}

TEST(TcpReceiving, AtTheBeginningEverySegmentIsAcknowledgedAtOnce) {
    TcpScript script;
    script.accept_one();
    std::uint32_t at = 1;
    for (int count = 0; count < 10; ++count, at += 3) {
        script.give({.psh = true, .ack = true}, at, 1, "abc");
        EXPECT_EQ(script.ack_of(script.take()), at + 3);
    }
}

TEST(TcpReceiving, G4_WhoAnswersWaitsFortyMillisecondsWithTheNextAcknowledgement) {
    TcpScript script;
    script.accept_one();
    script.give({.psh = true, .ack = true}, 1, 1, "question");
    script.drop_all();
    script.write("answer");
    script.drop_all();
    script.pass(5ms);
    script.give({.psh = true, .ack = true}, 9, 7, "next");
    EXPECT_TRUE(script.is_quiet());
    const Duration waited = script.pass_to_next();
    EXPECT_LE(waited, 40ms);
    EXPECT_GE(waited, 20ms);
    EXPECT_EQ(script.ack_of(script.take()), 13u);
}

TEST(TcpReceiving, G4_QuickAckSendsItAtOnce) {
    TcpScript script;
    script.accept_one();
    script.give({.psh = true, .ack = true}, 1, 1, "question");
    script.write("answer");
    script.drop_all();
    script.give({.psh = true, .ack = true}, 9, 7, "next");
    EXPECT_TRUE(script.is_quiet());
    script.connection->set_quick_ack(true, script.now);
    script.host.changed(*script.connection);
    EXPECT_EQ(script.ack_of(script.take()), 13u);
    script.give({.psh = true, .ack = true}, 13, 7, "more");
    EXPECT_EQ(script.ack_of(script.take()), 17u);
}

TEST(TcpReceiving, TwoFullSegmentsAreNotLeftWaiting) {
    TcpScript script;
    script.accept_one();
    script.connection->set_quick_ack(false, script.now);
    script.give({.ack = true}, 1, 1, std::string(1000, 'a'));
    EXPECT_TRUE(script.is_quiet());
    script.give({.ack = true}, 1001, 1, std::string(1000, 'b'));
    EXPECT_EQ(script.ack_of(script.take()), 2001u);
}

TEST(TcpReceiving, G5_WhatIsOutOfOrderIsAcknowledgedAtOnceWithItsPlace) {
    TcpScript script;
    script.has_sack = true;
    script.accept_one();
    script.give({.ack = true}, 11, 1, "0123456789");
    Segment answer = script.take();
    EXPECT_EQ(script.ack_of(answer), 1u);
    ASSERT_EQ(answer.options.sack.size(), 1u);
    EXPECT_EQ(answer.options.sack[0], (SackBlock{script.mine + 11, script.mine + 21}));
    script.give({.ack = true}, 31, 1, "0123456789");
    answer = script.take();
    ASSERT_EQ(answer.options.sack.size(), 2u);
    EXPECT_EQ(answer.options.sack[0], (SackBlock{script.mine + 31, script.mine + 41}))
        << "the newest first";
    EXPECT_EQ(answer.options.sack[1], (SackBlock{script.mine + 11, script.mine + 21}));
    script.give({.ack = true}, 1, 1, "0123456789");
    answer = script.take();
    EXPECT_EQ(script.ack_of(answer), 21u);
    EXPECT_EQ(answer.options.sack.size(), 1u);
    EXPECT_EQ(script.read().size(), 20u);
}

TEST(TcpReceiving, ADuplicateIsReported) {
    TcpScript script;
    script.has_sack = true;
    script.accept_one();
    script.give({.ack = true}, 1, 1, "0123456789");
    script.drop_all();
    script.give({.ack = true}, 1, 1, "0123456789");
    const Segment answer = script.take();
    EXPECT_EQ(script.ack_of(answer), 11u);
    ASSERT_EQ(answer.options.sack.size(), 1u);
    EXPECT_EQ(answer.options.sack[0], (SackBlock{script.mine + 1, script.mine + 11}));
    EXPECT_EQ(script.read().size(), 10u);
}

TEST(TcpReceiving, G3_AFullBufferShutsTheWindowAndReadingOpensIt) {
    TcpScript script({}, with([](Settings& s) { s.receive_buffer = 8000; }));
    script.accept_one();
    std::uint32_t at = 1;
    std::uint16_t offered = 4000;
    for (int count = 0; count < 20 && offered >= 1000; ++count) {
        script.give({.ack = true}, at, 1, std::string(1000, 'x'));
        at += 1000;
        while (auto out = script.host.output()) offered = out->segment.window;
        script.pass(200ms);
        while (auto out = script.host.output()) offered = out->segment.window;
    }
    EXPECT_EQ(offered, 0u);
    EXPECT_EQ(at, 4001u);
    script.give({.ack = true}, at, 1, "beyond");
    EXPECT_EQ(script.ack_of(script.take()), at) << "and what comes all the same is dropped";
    EXPECT_EQ(script.read(4000).size(), 4000u);
    const Segment update = script.take();
    EXPECT_EQ(script.ack_of(update), at);
    EXPECT_GE(update.window, 2000u);
}

TEST(TcpReceiving, G3_TheWindowIsNeverTakenBack) {
    TcpScript script({}, with([](Settings& s) { s.receive_buffer = 20'000; }));
    script.accept_one();
    Sequence edge = script.mine;
    for (std::uint32_t at = 1; at < 10'000; at += 7) {
        script.give({.ack = true}, at, 1, "0123456");
        script.pass(50ms);
        while (auto out = script.host.output()) {
            const Sequence now = out->segment.acknowledgement + out->segment.window;
            EXPECT_GE(now, edge);
            edge = now;
        }
    }
}

TEST(TcpReceiving, G3_ABufferThatIsReadQuicklyGrows) {
    TcpScript script;
    script.window_scale = 7;
    script.has_timestamps = true;
    script.peer_clock = 1;
    script.listen();
    auto syn = script.syn();
    syn.options.timestamps = Timestamps{1, 0};
    script.give(syn);
    script.theirs = script.take().sequence;
    script.give({.ack = true}, 1, 1);
    script.connection = script.host.accept(*script.listener);
    const std::uint32_t before = script.connection->info(script.now).receive_space_bytes;
    std::uint32_t at = 1;
    for (int round = 0; round < 12; ++round) {
        const std::uint32_t window =
            script.connection->info(script.now).receive_window_bytes.value_or(0);
        const std::uint32_t echo = script.last_timestamp;
        script.pass(20ms);
        script.last_timestamp = echo;
        for (std::uint32_t sent = 0; sent + 1000 <= window; sent += 1000, at += 1000) {
            script.give({.ack = true}, at, 1, std::string(1000, 'x'));
        }
        while (!script.read(1 << 20).empty()) {
        }
        while (script.host.output()) {
        }
        script.last_timestamp = script.connection->clock().at(script.now);
    }
    EXPECT_GT(script.connection->info(script.now).receive_space_bytes, 4 * before);
    EXPECT_GT(script.connection->info(script.now).receive_window_bytes.value_or(0), 200'000u);
}

TEST(TcpReceiving, TheUrgentByteStandsBesideTheStream) {
    TcpScript script;
    script.accept_one();
    EXPECT_EQ(script.connection->receive_urgent().error().code(), EINVAL);
    auto announced = script.say({.ack = true, .urg = true}, 1, 1);
    announced.urgent_pointer = 4;
    script.give(announced);
    EXPECT_EQ(script.connection->receive_urgent().error().code(), EAGAIN);
    auto segment = script.say({.psh = true, .ack = true, .urg = true}, 1, 1, "abc!def");
    segment.urgent_pointer = 4;
    script.give(segment);
    ASSERT_TRUE(script.connection->has_urgent());
    EXPECT_EQ(script.read(), "abc") << "a read ends in front of the mark";
    EXPECT_TRUE(script.connection->is_at_mark());
    EXPECT_EQ(script.connection->receive_urgent().value(), std::byte{'!'});
    EXPECT_EQ(script.connection->receive_urgent().error().code(), EINVAL);
    EXPECT_EQ(script.read(), "def");
}

TEST(TcpReceiving, TheUrgentByteStaysInlineWhereThatIsWanted) {
    TcpScript script({}, with([](Settings& s) { s.urgent_inline = true; }));
    script.accept_one();
    auto segment = script.say({.psh = true, .ack = true, .urg = true}, 1, 1, "abc!def");
    segment.urgent_pointer = 4;
    script.give(segment);
    EXPECT_EQ(script.read(), "abc");
    EXPECT_EQ(script.read(), "!def");
    EXPECT_EQ(script.connection->receive_urgent().error().code(), EINVAL);
}

TEST(TcpReceiving, AnOldTimestampIsRefused) {
    TcpScript script;
    script.has_timestamps = true;
    script.listen();
    script.give(script.syn());
    script.theirs = script.take().sequence;
    script.give({.ack = true}, 1, 1);
    script.connection = script.host.accept(*script.listener);
    script.peer_clock += 1000;
    script.give({.psh = true, .ack = true}, 1, 1, "new");
    script.drop_all();
    auto old = script.say({.psh = true, .ack = true}, 4, 1, "old");
    old.options.timestamps->value -= 1000;
    script.give(old);
    EXPECT_EQ(script.ack_of(script.take()), 4u);
    EXPECT_EQ(script.read(), "new");
    script.pass(24h * 25);
    script.give(old);
    EXPECT_EQ(script.read(), "old") << "after 24 days a timestamp says nothing";
}

TEST(TcpReceiving, AnAcknowledgementJustBehindTheWindowCounts) {
    Settings small;
    small.receive_buffer = 8000;
    TcpScript script({}, small);
    script.accept_one();
    script.write("answer");
    script.drop_all();
    // The peer has used the whole window (two segments of 1,460), and all of that was lost.
    script.give({.ack = true}, 2921, 7);
    EXPECT_EQ(script.connection->unacknowledged_bytes(), 0u);
    EXPECT_TRUE(script.is_quiet());
    script.give({.ack = true}, 2922, 7);
    EXPECT_EQ(script.ack_of(script.take()), 1u) << "one further on is out of the window";
}

TEST(TcpReceiving, AnAcknowledgementStaysWithinAWindowThatWasTakenBack) {
    TcpScript script;
    script.accept_one();
    script.write_bytes(5000);
    script.drop_all();
    script.give({.ack = true}, 1, 1, "a");
    script.drop_all();
    script.window = 2000;
    script.give({.ack = true}, 2, 1, "b");
    EXPECT_EQ(script.at_of(script.take()), 2001u);
}

TEST(TcpReceiving, AReadThatPeeksLeavesTheBytes) {
    TcpScript script;
    script.accept_one();
    script.give({.psh = true, .ack = true}, 1, 1, "abc");
    std::array<std::byte, 8> room{};
    EXPECT_EQ(script.connection->receive(room, script.now, true).value_or(0), 3u);
    EXPECT_EQ(script.read(), "abc");
    EXPECT_EQ(script.read_error(), EAGAIN);
}

}  // namespace
}  // namespace fivetuple::sim::tcp
