#include "tests/testing/tcp_script.h"
#include "tests/testing/tcp_wire.h"
#include <cerrno>

namespace fivetuple::sim::tcp {
namespace {

using namespace std::chrono_literals;
using testing_help::TcpScript;
using testing_help::TcpWire;

TEST(TcpClose, G2_WhoClosesFirstPassesFinWaitAndHoldsTimeWaitForAMinute) {
    TcpScript script;
    script.accept_one();
    script.close();
    const Segment fin = script.take();
    EXPECT_EQ(fin.flags, (Flags{.fin = true, .ack = true}));
    EXPECT_EQ(script.state(), TcpState::fin_wait_1);
    script.give({.ack = true}, 1, 2);
    EXPECT_EQ(script.state(), TcpState::fin_wait_2);
    script.give({.fin = true, .ack = true}, 1, 2);
    EXPECT_EQ(script.state(), TcpState::time_wait);
    EXPECT_EQ(script.ack_of(script.take()), 2u);
    script.pass(59s);
    EXPECT_EQ(script.state(), TcpState::time_wait);
    script.pass(1s);
    EXPECT_EQ(script.state(), TcpState::closed);
}

TEST(TcpClose, G2_WhoClosesSecondPassesCloseWaitAndLastAck) {
    TcpScript script;
    script.accept_one();
    script.give({.fin = true, .ack = true}, 1, 1);
    EXPECT_EQ(script.state(), TcpState::close_wait);
    EXPECT_EQ(script.read_error(), 0) << "the end, and no error";
    script.pass(40ms);
    EXPECT_EQ(script.ack_of(script.take()), 2u);
    script.close();
    EXPECT_TRUE(script.take().flags.fin);
    EXPECT_EQ(script.state(), TcpState::last_ack);
    script.give({.ack = true}, 2, 2);
    EXPECT_EQ(script.state(), TcpState::closed);
    EXPECT_EQ(script.host.next_deadline(), kNever) << "nothing is left behind";
}

TEST(TcpClose, G2_TwoWhoCloseAtOncePassClosing) {
    TcpScript script;
    script.accept_one();
    script.close();
    script.drop_all();
    script.give({.fin = true, .ack = true}, 1, 1);
    EXPECT_EQ(script.state(), TcpState::closing);
    EXPECT_EQ(script.ack_of(script.take()), 2u);
    script.give({.ack = true}, 2, 2);
    EXPECT_EQ(script.state(), TcpState::time_wait);
}

TEST(TcpClose, AFinThatAcknowledgesOursSkipsClosing) {
    TcpScript script;
    script.accept_one();
    script.close();
    script.drop_all();
    script.give({.fin = true, .ack = true}, 1, 2);
    EXPECT_EQ(script.state(), TcpState::time_wait);
}

TEST(TcpClose, G2_A4_AfterShuttingDownOneDirectionTheOtherGoesOn) {
    TcpScript script;
    script.accept_one();
    script.shutdown_write();
    script.drop_all();
    script.give({.ack = true}, 1, 2);
    script.give({.psh = true, .ack = true}, 1, 2, "still here");
    EXPECT_EQ(script.read(), "still here");
    EXPECT_EQ(script.write_error(), EPIPE);
    EXPECT_EQ(script.state(), TcpState::fin_wait_2);
    script.pass(1h);
    EXPECT_EQ(script.state(), TcpState::fin_wait_2) << "a program may wait for as long as it likes";
}

TEST(TcpClose, AFinWaitsForTheDataInFrontOfIt) {
    TcpScript script;
    script.accept_one();
    script.give({.fin = true, .ack = true}, 4, 1, "def");
    EXPECT_EQ(script.state(), TcpState::established);
    EXPECT_EQ(script.ack_of(script.take()), 1u);
    script.give({.ack = true}, 1, 1, "abc");
    EXPECT_EQ(script.ack_of(script.take()), 8u);
    EXPECT_EQ(script.state(), TcpState::close_wait);
    EXPECT_EQ(script.read(), "abcdef");
}

TEST(TcpClose, G6_ClosingWithUnreadDataResetsAndDropsWhatWasToBeSent) {
    TcpScript script;
    script.accept_one();
    script.give({.psh = true, .ack = true}, 1, 1, "unread");
    script.write_bytes(40'000);
    std::size_t sent = 0;
    while (auto out = script.host.output()) sent += out->segment.payload.size();
    EXPECT_LT(sent, 40'000u) << "the congestion window holds the rest";
    script.close();
    const Segment reset = script.take();
    EXPECT_TRUE(reset.flags.rst);
    EXPECT_EQ(script.at_of(reset), 1 + sent);
    EXPECT_TRUE(script.is_quiet());
    EXPECT_EQ(script.state(), TcpState::closed);
}

TEST(TcpClose, G6_LingerOfZeroResetsAndLeavesNoTimeWait) {
    Settings settings;
    settings.linger = 0s;
    TcpScript script({}, settings);
    script.accept_one();
    script.close();
    EXPECT_TRUE(script.take().flags.rst);
    EXPECT_EQ(script.state(), TcpState::closed);
    EXPECT_EQ(script.host.next_deadline(), kNever);
}

TEST(TcpClose, DataForWhoHasClosedIsAnsweredByAReset) {
    TcpScript script;
    script.accept_one();
    script.close();
    script.drop_all();
    script.give({.ack = true}, 1, 2);
    script.give({.psh = true, .ack = true}, 1, 2, "too late");
    EXPECT_TRUE(script.take().flags.rst);
    EXPECT_EQ(script.state(), TcpState::closed);
}

TEST(TcpClose, FinWaitTwoWithoutAProgramEndsAfterAMinute) {
    TcpScript script;
    script.accept_one();
    script.close();
    script.drop_all();
    script.give({.ack = true}, 1, 2);
    script.pass(59s);
    EXPECT_EQ(script.state(), TcpState::fin_wait_2);
    script.pass(2s);
    EXPECT_EQ(script.state(), TcpState::closed);
}

TEST(TcpClose, AFinThatIsNotAnsweredIsGivenUp) {
    TcpScript script;
    script.accept_one();
    script.close();
    unsigned fins = 0;
    while (script.state() != TcpState::closed) {
        while (auto out = script.host.output()) fins += out->segment.flags.fin;
        script.pass_to_next();
    }
    EXPECT_GE(fins, 8u);
    EXPECT_LT(script.now, Time{} + 5min);
}

TEST(TcpReset, AfterAResetComesTheErrorOnceAndThenTheBrokenPipe) {
    TcpScript script;
    script.accept_one();
    script.give({.rst = true}, 1);
    EXPECT_EQ(script.write_error(), ECONNRESET);
    EXPECT_EQ(script.write_error(), EPIPE);
    EXPECT_EQ(script.read_error(), 0) << "nothing more, which is an end";
}

TEST(TcpReset, WhatHadComeBeforeTheResetCanBeRead) {
    TcpScript script;
    script.accept_one();
    script.give({.psh = true, .ack = true}, 1, 1, "last words");
    script.give({.rst = true}, 11);
    EXPECT_EQ(script.read(), "last words");
    EXPECT_EQ(script.read_error(), ECONNRESET);
}

TEST(TcpReset, OnlyTheExactNextSequenceResets) {
    TcpScript script;
    script.accept_one();
    script.give({.rst = true}, 100);
    EXPECT_EQ(script.state(), TcpState::established);
    const Segment challenge = script.take();
    EXPECT_EQ(challenge.flags, (Flags{.ack = true}));
    EXPECT_EQ(script.ack_of(challenge), 1u);
    script.give({.rst = true}, 200'000);
    EXPECT_TRUE(script.is_quiet()) << "outside of the window it is nobody's";
    script.give({.rst = true}, 1);
    EXPECT_EQ(script.state(), TcpState::closed);
}

TEST(TcpReset, ASynInAConnectionIsChallengedAndNoMoreThanTwiceASecond) {
    TcpScript script;
    script.accept_one();
    script.give({.syn = true}, 1);
    EXPECT_EQ(script.take().flags, (Flags{.ack = true}));
    for (int count = 0; count < 10; ++count) script.give({.syn = true}, 1);
    EXPECT_TRUE(script.is_quiet());
    script.pass(500ms);
    script.give({.syn = true}, 1);
    EXPECT_EQ(script.take().flags, (Flags{.ack = true}));
    EXPECT_EQ(script.state(), TcpState::established);
}

TEST(TcpReset, AnAcknowledgementOfWhatWasNeverSentIsChallenged) {
    TcpScript script;
    script.accept_one();
    script.give({.ack = true}, 1, 5000, "x");
    EXPECT_EQ(script.take().flags, (Flags{.ack = true}));
    EXPECT_EQ(script.connection->readable_bytes(), 0u) << "and its data is not taken";
    script.pass(1s);
    script.give({.ack = true}, 1, 1u - 2'000'000u, "x");
    EXPECT_EQ(script.take().flags, (Flags{.ack = true}));
    EXPECT_EQ(script.connection->readable_bytes(), 0u);
}

TEST(TcpReset, AResetBeforeAcceptStillYieldsASocket) {
    TcpScript script;
    script.listen();
    script.give(script.syn());
    script.theirs = script.take().sequence;
    script.give({.ack = true}, 1, 1);
    script.give({.rst = true}, 1);
    script.connection = script.host.accept(*script.listener);
    ASSERT_NE(script.connection, nullptr);
    EXPECT_TRUE(script.connection->is_over());
    EXPECT_EQ(script.read_error(), ECONNRESET);
    script.close();
}

TEST(TcpTimeWait, ARepeatedFinIsAnsweredAndTheMinuteBeginsAnew) {
    TcpScript script;
    script.accept_one();
    script.close();
    script.drop_all();
    script.give({.fin = true, .ack = true}, 1, 2);
    script.drop_all();
    script.pass(50s);
    script.give({.fin = true, .ack = true}, 1, 2);
    EXPECT_EQ(script.ack_of(script.take()), 2u);
    script.pass(59s);
    EXPECT_EQ(script.state(), TcpState::time_wait);
    script.pass(2s);
    EXPECT_EQ(script.state(), TcpState::closed);
}

TEST(TcpTimeWait, ANewSynFurtherOnBeginsANewConnection) {
    TcpScript script;
    script.accept_one();
    script.close();
    script.drop_all();
    script.give({.fin = true, .ack = true}, 1, 2);
    script.drop_all();
    script.give(script.say({.syn = true}, 0));
    EXPECT_EQ(script.take().flags, (Flags{.ack = true})) << "an old one is told where we are";
    EXPECT_EQ(script.state(), TcpState::time_wait);
    const Sequence old = script.theirs;
    script.give(script.say({.syn = true}, 100'000));
    const Segment answer = script.take();
    EXPECT_EQ(answer.flags, (Flags{.syn = true, .ack = true}));
    EXPECT_GT(answer.sequence, old + 65'536);
}

TEST(TcpTimeWait, AConnectReusesItWhenTimestampsTellThemApartAndASecondHasGone) {
    for (const bool may : {false, true}) {
        Limits limits;
        limits.first_port = limits.last_port = 40'000;
        limits.time_wait_reuse = may ? Limits::Reuse::always : Limits::Reuse::loopback;
        TcpWire wire(3, {}, limits);
        const auto pair = wire.connect();
        ASSERT_NE(pair.server, nullptr);
        wire.host(0).close(*pair.client, wire.now);
        wire.pass(1s);
        wire.host(1).close(*pair.server, wire.now);
        wire.pass(500ms);
        const auto again = [&] {
            return wire.host(0).connect(SocketAddress(wire.ip(0), 0), SocketAddress(wire.ip(1), 80),
                                        {}, wire.now);
        };
        const auto too_early = again();
        ASSERT_FALSE(too_early);
        EXPECT_TRUE(too_early.error().is(EADDRNOTAVAIL));
        wire.pass(1s);
        const auto second = again();
        ASSERT_EQ(second.has_value(), may);
        if (!may) continue;
        EXPECT_TRUE(wire.run_until([&] { return (*second)->is_established(); }, 10s));
    }
}

TEST(TcpTimeWait, ThereAreOnlySoManyOfThem) {
    Limits limits;
    limits.most_in_time_wait = 3;
    TcpWire wire(3, {}, limits);
    for (int count = 0; count < 8; ++count) {
        const auto pair = wire.connect();
        ASSERT_NE(pair.server, nullptr);
        wire.host(0).close(*pair.client, wire.now);
        wire.pass(1s);
        wire.host(1).close(*pair.server, wire.now);
        wire.pass(1s);
    }
    EXPECT_EQ(wire.host(0).connections().size(), 3u);
    EXPECT_EQ(wire.host(1).connections().size(), 0u);
}

}  // namespace
}  // namespace fivetuple::sim::tcp
