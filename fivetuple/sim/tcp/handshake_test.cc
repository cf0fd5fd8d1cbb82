#include "fivetuple/sim/tcp/handshake.h"

#include "tests/testing/tcp_script.h"
#include "tests/testing/tcp_wire.h"
#include <cerrno>

namespace fivetuple::sim::tcp {
namespace {

using namespace std::chrono_literals;
using testing_help::TcpScript;
using testing_help::TcpWire;

TEST(TcpHandshake, G2_AServerAnswersASynAndIsEstablishedByTheAcknowledgement) {
    TcpScript script;
    script.listen();
    script.give(script.syn());
    const Segment answer = script.take();
    EXPECT_EQ(answer.flags, (Flags{.syn = true, .ack = true}));
    EXPECT_EQ(script.ack_of(answer), 1u);
    EXPECT_EQ(answer.options.max_segment, 1460);
    EXPECT_FALSE(answer.options.window_scale) << "the peer did not offer it";
    EXPECT_EQ(script.listener->half_open(), 1u);
    script.theirs = answer.sequence;
    script.give({.ack = true}, 1, 1);
    EXPECT_EQ(script.listener->half_open(), 0u);
    EXPECT_EQ(script.state(), TcpState::established);
    EXPECT_TRUE(script.is_quiet());
}

TEST(TcpHandshake, G2_AClientOffersEverythingThatLinuxOffers) {
    TcpScript script;
    const Segment syn = script.begin_connect();
    EXPECT_EQ(syn.flags, (Flags{.syn = true}));
    EXPECT_EQ(syn.options.max_segment, 1460);
    EXPECT_EQ(syn.options.window_scale, 7);
    EXPECT_TRUE(syn.options.sack_permitted);
    EXPECT_TRUE(syn.options.timestamps);
    EXPECT_EQ(syn.window, 64240);
}

TEST(TcpHandshake, G2_TwoWhoConnectToEachOtherAtOnceGetOneConnection) {
    TcpScript script;
    script.begin_connect();
    script.give(script.syn());
    EXPECT_EQ(script.state(), TcpState::syn_received);
    const Segment answer = script.take();
    EXPECT_EQ(answer.flags, (Flags{.syn = true, .ack = true}));
    EXPECT_EQ(script.at_of(answer), 0u);
    auto theirs = script.syn();
    theirs.flags.ack = true;
    theirs.acknowledgement = script.theirs + 1;
    script.give(theirs);
    EXPECT_EQ(script.state(), TcpState::established);
    EXPECT_EQ(script.write("hello"), 5u);
    EXPECT_EQ(text_of(script.take().payload), "hello");
}

TEST(TcpHandshake, ASynIsRepeatedAsLinuxDoesItAndGivenUpAfterTwoMinutes) {
    TcpScript script;
    script.begin_connect();
    std::vector<Duration> gaps;
    while (!script.connection->is_over()) {
        gaps.push_back(script.pass_to_next());
        if (script.connection->is_over()) break;
        EXPECT_TRUE(script.take().flags.syn);
    }
    EXPECT_EQ(gaps, (std::vector<Duration>{1s, 1s, 1s, 1s, 1s, 2s, 4s, 8s, 16s, 32s, 64s}));
    EXPECT_EQ(script.now, Time{} + 131s);
    EXPECT_EQ(script.read_error(), ETIMEDOUT);
}

TEST(TcpHandshake, ASynAnswerIsRepeatedFiveTimes) {
    TcpScript script;
    script.listen();
    script.give(script.syn());
    script.drop_all();
    unsigned repeats = 0;
    while (script.listener->half_open() > 0) {
        script.pass_to_next();
        if (script.listener->half_open() == 0) break;
        EXPECT_TRUE(script.take().flags.syn);
        ++repeats;
    }
    EXPECT_EQ(repeats, 5u);
    EXPECT_EQ(script.now, Time{} + 63s);
}

TEST(TcpHandshake, NobodyListeningIsAResetAndThatIsARefusal) {
    TcpScript script;
    script.give(script.syn());
    const Segment reset = script.take();
    EXPECT_EQ(reset.flags, (Flags{.rst = true, .ack = true}));
    EXPECT_EQ(script.ack_of(reset), 1u);

    script.begin_connect();
    script.give({.rst = true, .ack = true}, 0, 1);
    EXPECT_TRUE(script.connection->is_over());
    EXPECT_EQ(script.write_error(), ECONNREFUSED);
    EXPECT_EQ(script.write_error(), EPIPE);
}

TEST(TcpHandshake, AResetThatAcknowledgesNothingDoesNotRefuse) {
    TcpScript script;
    script.begin_connect();
    script.give({.rst = true}, 0, 0);
    script.give({.rst = true, .ack = true}, 0, 77);
    EXPECT_EQ(script.state(), TcpState::syn_sent);
    EXPECT_TRUE(script.is_quiet());
}

TEST(TcpHandshake, AnAnswerToAnotherSynIsReset) {
    TcpScript script;
    script.begin_connect();
    script.give({.syn = true, .ack = true}, 0, 9);
    const Segment reset = script.take();
    EXPECT_TRUE(reset.flags.rst);
    EXPECT_EQ(script.at_of(reset), 9u);
    EXPECT_EQ(script.state(), TcpState::syn_sent);
}

TEST(TcpHandshake, DataThatComesWithTheLastAcknowledgementIsThere) {
    TcpScript script;
    script.listen();
    script.give(script.syn());
    script.theirs = script.take().sequence;
    script.give({.psh = true, .ack = true}, 1, 1, "early");
    script.connection = script.host.accept(*script.listener);
    ASSERT_NE(script.connection, nullptr);
    EXPECT_EQ(script.read(), "early");
}

TEST(TcpHandshake, AnAcknowledgementOfAnotherAnswerIsReset) {
    TcpScript script;
    script.listen();
    script.give(script.syn());
    script.theirs = script.take().sequence;
    script.give({.ack = true}, 1, 50);
    const Segment reset = script.take();
    EXPECT_TRUE(reset.flags.rst);
    EXPECT_EQ(script.at_of(reset), 50u);
    EXPECT_EQ(script.listener->half_open(), 1u);
}

TEST(TcpHandshake, IcmpEndsAConnectAndNotAConnection) {
    TcpScript script;
    script.begin_connect();
    script.host.unreachable(script.connection->tuple(), EHOSTUNREACH, script.now);
    EXPECT_EQ(script.read_error(), EHOSTUNREACH);

    TcpScript other;
    other.connect_one();
    other.host.unreachable(other.connection->tuple(), EHOSTUNREACH, other.now);
    EXPECT_EQ(other.state(), TcpState::established);
}

TEST(TcpHandshake, G2_OverAWireBothEndsAgreeOnEverything) {
    TcpWire wire(1);
    const auto pair = wire.connect();
    ASSERT_NE(pair.server, nullptr);
    for (const Connection* each : {pair.client, pair.server}) {
        const TcpInfo info = each->info(wire.now);
        EXPECT_EQ(info.state, TcpState::established);
        EXPECT_TRUE(info.has_sack && info.has_timestamps && info.has_window_scale);
        EXPECT_EQ(info.send_segment_bytes, 1448u);
        EXPECT_EQ(info.congestion_window, 10u);
        EXPECT_EQ(info.round_trip, 20ms);
    }
    EXPECT_EQ(pair.client->tuple(), pair.server->tuple().reversed());
}

}  // namespace
}  // namespace fivetuple::sim::tcp
