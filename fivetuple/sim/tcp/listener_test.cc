#include "fivetuple/sim/tcp/listener.h"

#include "tests/testing/tcp_script.h"
#include "tests/testing/tcp_wire.h"
#include <cerrno>

namespace fivetuple::sim::tcp {
namespace {

using namespace std::chrono_literals;
using testing_help::TcpScript;
using testing_help::TcpWire;

// Clients of many ports that talk to one listener.
class Crowd : public TcpScript {
public:
    using TcpScript::TcpScript;
    Segment from(std::uint16_t port, Segment segment) const {
        segment.source_port = port;
        return segment;
    }
    void knock(std::uint16_t port) { give(from(port, syn())); }
    // The whole handshake; false where the host does not answer the SYN.
    bool enter(std::uint16_t port) {
        knock(port);
        auto answer = host.output();
        if (!answer) return false;
        theirs = answer->segment.sequence;
        give(from(port, say({.ack = true}, 1, 1)));
        return true;
    }
};

TEST(TcpListener, A6_TheAcceptQueueTakesExactlyOneMoreThanTheBacklog) {
    Crowd crowd;
    crowd.listen(3);
    for (std::uint16_t port = 1; port <= 10; ++port) crowd.enter(port);
    EXPECT_EQ(crowd.listener->waiting(), 4u);
    EXPECT_EQ(crowd.listener->info().unacknowledged_segments, 4u);
    EXPECT_EQ(crowd.listener->info().sacked_segments, 3u);
    EXPECT_EQ(crowd.listener->counters().overflows, 6u);
    for (int count = 0; count < 4; ++count) {
        EXPECT_NE(crowd.host.accept(*crowd.listener), nullptr);
    }
    EXPECT_EQ(crowd.host.accept(*crowd.listener), nullptr);
    EXPECT_TRUE(crowd.enter(11));
}

TEST(TcpListener, A6_AnAcknowledgementThatFindsTheQueueFullIsDroppedAndTheAnswerRepeated) {
    Crowd crowd;
    crowd.listen(0);
    crowd.knock(1);
    crowd.theirs = crowd.take().sequence;
    const auto last = crowd.from(1, crowd.say({.ack = true}, 1, 1));
    crowd.listener->set_backlog(1);
    EXPECT_TRUE(crowd.enter(2));
    crowd.listener->set_backlog(0);
    crowd.give(last);
    EXPECT_EQ(crowd.listener->waiting(), 1u);
    EXPECT_EQ(crowd.listener->counters().overflows, 1u);
    EXPECT_TRUE(crowd.is_quiet());
    EXPECT_EQ(crowd.pass_to_next(), 1s);
    EXPECT_TRUE(crowd.take().flags.syn);
    EXPECT_NE(crowd.host.accept(*crowd.listener), nullptr);
    crowd.give(last);
    EXPECT_EQ(crowd.listener->waiting(), 1u) << "there is room now";
}

TEST(TcpListener, AnOverflowCanBeAnsweredByAReset) {
    Limits limits;
    limits.reset_on_overflow = true;
    Crowd crowd(limits);
    crowd.listen(1);
    crowd.knock(1);
    crowd.theirs = crowd.take().sequence;
    const auto last = crowd.from(1, crowd.say({.ack = true}, 1, 1));
    crowd.listener->set_backlog(2);
    ASSERT_TRUE(crowd.enter(2));
    crowd.listener->set_backlog(0);
    crowd.give(last);
    EXPECT_TRUE(crowd.take().flags.rst);
    EXPECT_EQ(crowd.listener->half_open(), 0u);
}

TEST(TcpListener, TheBacklogIsClippedByTheHost) {
    Limits limits;
    limits.most_backlog = 2;
    Crowd crowd(limits);
    crowd.listen(1000);
    EXPECT_EQ(crowd.listener->backlog(), 2u);
}

TEST(TcpListener, G2_WithoutCookiesAFloodOfSynsShutsOthersOut) {
    Limits limits;
    limits.syn_cookies = Limits::Cookies::never;
    Crowd crowd(limits);
    crowd.listen(4);
    for (std::uint16_t port = 1; port <= 4; ++port) crowd.knock(port);
    crowd.drop_all();
    EXPECT_FALSE(crowd.enter(5));
    EXPECT_EQ(crowd.listener->half_open(), 4u);
}

TEST(TcpListener, G2_WithCookiesTheyComeInAllTheSame) {
    for (const bool timestamps : {false, true}) {
        Crowd crowd;
        crowd.has_timestamps = timestamps;
        crowd.has_sack = true;
        crowd.window_scale = 5;
        crowd.max_segment = 1440;
        crowd.listen(4);
        for (std::uint16_t port = 1; port <= 4; ++port) crowd.knock(port);
        crowd.drop_all();
        crowd.knock(5);
        const Segment answer = crowd.take();
        crowd.theirs = answer.sequence;
        EXPECT_EQ(crowd.listener->half_open(), 4u) << "nothing is stored";
        EXPECT_EQ(answer.options.sack_permitted, timestamps) << "nor can be promised";
        crowd.pass(30s);
        crowd.give(crowd.from(5, crowd.say({.psh = true, .ack = true}, 1, 1, "hello")));
        crowd.connection = crowd.host.accept(*crowd.listener);
        ASSERT_NE(crowd.connection, nullptr);
        EXPECT_EQ(crowd.read(), "hello");
        const TcpInfo info = crowd.connection->info(crowd.now);
        EXPECT_EQ(info.send_segment_bytes, timestamps ? 1428u : 1440u);
        EXPECT_EQ(info.has_sack, timestamps);
        EXPECT_EQ(info.send_window_scale, timestamps ? 5u : 0u);
        EXPECT_EQ(crowd.listener->counters().cookies_received, 1u);
        crowd.drop_all();
        crowd.give(crowd.from(6, crowd.say({.ack = true}, 1, 77)));
        EXPECT_TRUE(crowd.take().flags.rst) << "not every acknowledgement is a cookie";
        EXPECT_EQ(crowd.listener->counters().cookies_failed, 1u);
    }
}

TEST(TcpListener, G2_ACookieIsGoodForTwoMinutesAndForItsConnectionOnly) {
    Limits limits;
    limits.syn_cookies = Limits::Cookies::always;
    Crowd crowd(limits);
    crowd.listen(4);
    crowd.knock(5);
    crowd.theirs = crowd.take().sequence;
    crowd.give(crowd.from(6, crowd.say({.ack = true}, 1, 1)));
    EXPECT_TRUE(crowd.take().flags.rst);
    crowd.pass(3min);
    crowd.knock(7);
    crowd.drop_all();
    crowd.give(crowd.from(5, crowd.say({.ack = true}, 1, 1)));
    EXPECT_TRUE(crowd.take().flags.rst);
    EXPECT_EQ(crowd.listener->waiting(), 0u);
}

TEST(TcpListener, ARepeatedSynGetsTheSameAnswerAgain) {
    Crowd crowd;
    crowd.listen();
    crowd.knock(1);
    const Segment first = crowd.take();
    crowd.knock(1);
    EXPECT_EQ(crowd.take().sequence, first.sequence);
    EXPECT_EQ(crowd.listener->half_open(), 1u);
}

TEST(TcpListener, AResetEndsAHandshake) {
    Crowd crowd;
    crowd.listen();
    crowd.knock(1);
    crowd.drop_all();
    crowd.give(crowd.from(1, crowd.say({.rst = true}, 500)));
    EXPECT_EQ(crowd.listener->half_open(), 1u) << "only the exact one";
    crowd.give(crowd.from(1, crowd.say({.rst = true}, 1)));
    EXPECT_EQ(crowd.listener->half_open(), 0u);
}

TEST(TcpListener, AnAcknowledgementWithAnOldTimestampMakesNoConnection) {
    Crowd crowd;
    crowd.has_timestamps = true;
    crowd.listen();
    crowd.knock(1);
    crowd.theirs = crowd.take().sequence;
    auto old = crowd.from(1, crowd.say({.ack = true}, 1, 1));
    old.options.timestamps->value -= 1000;
    crowd.give(old);
    EXPECT_EQ(crowd.listener->waiting(), 0u);
    EXPECT_EQ(crowd.take().flags, (Flags{.ack = true}));
    crowd.give(crowd.from(1, crowd.say({.ack = true}, 1, 1)));
    EXPECT_EQ(crowd.listener->waiting(), 1u);
}

// A connection whose first segment is not the one that makes it does not stand still for ever.
TEST(TcpListener, AConnectionThatIsNotAcknowledgedAfterAllRepeatsItsAnswerAndEnds) {
    const Limits limits;
    const FiveTuple tuple{Protocol::tcp, *SocketAddress::parse("10.0.0.1:80"),
                          *SocketAddress::parse("10.0.0.2:5000")};
    Connection connection(limits, {}, tuple, 1500, {});
    Handshake agreed;
    agreed.our_segment = agreed.their_segment = 1460;
    Time now{};
    connection.accept(agreed, now);
    unsigned answers = 0;
    while (!connection.is_over()) {
        ASSERT_NE(connection.next_deadline(), kNever);
        now = connection.next_deadline();
        connection.advance(now);
        while (auto out = connection.output()) answers += out->flags.syn && out->flags.ack;
    }
    EXPECT_EQ(answers, 5u);
    EXPECT_EQ(now, Time{} + 63s);
    EXPECT_EQ(connection.take_error(), ETIMEDOUT);
}

TEST(TcpListener, DeferAcceptWaitsForData) {
    Settings settings;
    settings.defer_accept = 1;
    Crowd crowd({}, settings);
    crowd.listen();
    EXPECT_TRUE(crowd.enter(1));
    EXPECT_EQ(crowd.listener->waiting(), 0u);
    crowd.give(crowd.from(1, crowd.say({.psh = true, .ack = true}, 1, 1, "data")));
    EXPECT_EQ(crowd.listener->waiting(), 1u);
}

TEST(TcpListener, ClosingResetsWhatNobodyAccepted) {
    Crowd crowd;
    crowd.listen();
    ASSERT_TRUE(crowd.enter(1) && crowd.enter(2));
    crowd.host.close(*crowd.listener, crowd.now);
    EXPECT_TRUE(crowd.take().flags.rst);
    EXPECT_TRUE(crowd.take().flags.rst);
    EXPECT_TRUE(crowd.host.connections().empty());
    EXPECT_EQ(crowd.host.next_deadline(), kNever);
    crowd.knock(3);
    EXPECT_TRUE(crowd.take().flags.rst);
}

TEST(TcpListener, OneOfAGroupHandsOverWhereMigrationIsOn) {
    for (const bool migrates : {false, true}) {
        Limits limits;
        limits.migrate_requests = migrates;
        Settings settings;
        settings.reuse_port = true;
        Crowd crowd(limits, settings);
        Listener& first = crowd.listen(500);
        auto binding = crowd.host.bind(SocketAddress(crowd.host_ip, 80), settings);
        ASSERT_TRUE(binding);
        Listener& second = **crowd.host.listen(std::move(*binding), settings, 500);
        for (std::uint16_t port = 1; port <= 200; ++port) ASSERT_TRUE(crowd.enter(port));
        EXPECT_EQ(first.waiting() + second.waiting(), 200u);
        EXPECT_GT(first.waiting(), 50u) << "they share by hash";
        EXPECT_GT(second.waiting(), 50u);
        const std::size_t queued = first.waiting(), other = second.waiting();
        crowd.host.close(first, crowd.now);
        std::size_t resets = 0;
        while (auto out = crowd.host.output()) resets += out->segment.flags.rst;
        EXPECT_EQ(resets, migrates ? 0 : queued);
        EXPECT_EQ(second.waiting(), migrates ? 200 : other);
    }
}

// What fast open saves: the round trip in front of the first bytes.
TEST(TcpListener, G5_J7_FastOpenBringsTheFirstBytesWithTheSyn) {
    Limits limits;
    limits.fast_open_server = true;
    Settings client, server;
    client.fast_open_connect = true;
    server.fast_open_queue = 5;
    TcpWire wire(1, {}, limits, limits);
    const auto first = wire.connect(client, server);
    ASSERT_NE(first.server, nullptr);
    EXPECT_EQ(first.client->info(wire.now).fast_open_failure, FastOpenFailure::no_cookie);
    const auto made = wire.host(0).connect(SocketAddress(wire.ip(0), 0),
                                           SocketAddress(wire.ip(1), 80), client, wire.now);
    ASSERT_TRUE(made);
    Connection& second = **made;
    EXPECT_TRUE(second.is_writable());
    EXPECT_EQ(second.send(bytes_of("request"), wire.now).value_or(0), 7u);
    wire.host(0).changed(second);
    const Time begin = wire.now;
    Connection* accepted = nullptr;
    ASSERT_TRUE(wire.run_until([&] {
        if (accepted == nullptr) accepted = wire.host(1).accept(*wire.listener);
        return accepted != nullptr;
    }));
    EXPECT_EQ(wire.now - begin, 10ms) << "half a round trip";
    std::array<std::byte, 16> room{};
    EXPECT_EQ(accepted->receive(room, wire.now).value_or(0), 7u);
    EXPECT_EQ(accepted->send(bytes_of("answer"), wire.now).value_or(0), 6u);
    wire.host(1).changed(*accepted);
    ASSERT_TRUE(wire.run_until([&] { return second.readable_bytes() == 6; }));
    EXPECT_EQ(wire.now - begin, 20ms) << "a whole one, where two would be needed";
    EXPECT_TRUE(second.info(wire.now).had_data_in_syn);
    EXPECT_TRUE(accepted->info(wire.now).is_fast_open_child);
    EXPECT_TRUE(wire.run_until([&] { return accepted->state() == TcpState::established; }, 5s));
}

TEST(TcpListener, FastOpenThatIsRefusedSendsTheBytesAgain) {
    Limits one, other;
    other.fast_open_server = true;
    Settings client, server;
    client.fast_open_connect = true;
    server.fast_open_queue = 5;
    TcpWire wire(1, {}, one, other);
    ASSERT_NE(wire.connect(client, server).server, nullptr);
    wire.listener->settings().fast_open_queue = 0;
    const auto made = wire.host(0).connect(SocketAddress(wire.ip(0), 0),
                                           SocketAddress(wire.ip(1), 80), client, wire.now);
    ASSERT_TRUE(made);
    ASSERT_TRUE((*made)->send(bytes_of("request"), wire.now));
    wire.host(0).changed(**made);
    Connection* accepted = nullptr;
    ASSERT_TRUE(wire.run_until([&] {
        if (accepted == nullptr) accepted = wire.host(1).accept(*wire.listener);
        return accepted != nullptr && accepted->readable_bytes() == 7;
    }));
    EXPECT_EQ((*made)->info(wire.now).fast_open_failure, FastOpenFailure::data_not_taken);
}

}  // namespace
}  // namespace fivetuple::sim::tcp
