#include "tests/testing/tcp_script.h"
#include "tests/testing/tcp_wire.h"

namespace fivetuple::sim::tcp {
namespace {

using namespace std::chrono_literals;
using testing_help::TcpScript;
using testing_help::TcpWire;
using testing_help::WireFaults;

// A server with ten segments of 1,000 bytes in flight, after a round trip of 20 ms.
class InFlight : public TcpScript {
public:
    explicit InFlight(bool sack, Limits chosen = {}, std::size_t written = 10'000)
        : TcpScript(chosen) {
        has_sack = sack;
        listen();
        give(syn());
        theirs = take().sequence;
        pass(20ms);
        give({.ack = true}, 1, 1);
        connection = host.accept(*listener);
        write_bytes(written);
        for (int count = 0; count < 10; ++count) EXPECT_EQ(take().payload.size(), 1000u);
        EXPECT_TRUE(is_quiet());
        pass(20ms);
    }
    // All up to `ack` has come, and so has what lies between.
    void acknowledge(std::uint32_t ack, std::initializer_list<std::pair<int, int>> blocks = {}) {
        auto segment = say({.ack = true}, 1, ack);
        for (const auto& [begin, end] : blocks) {
            segment.options.sack.add({theirs + static_cast<std::uint32_t>(begin),
                                      theirs + static_cast<std::uint32_t>(end)});
        }
        give(segment);
    }
    TcpInfo info() const { return connection->info(now); }
};

TEST(TcpRecovery, G5_ThreeDuplicatesRepeatTheFirstSegmentAtOnce) {
    InFlight script(false);
    for (int count = 0; count < 2; ++count) {
        script.acknowledge(1);
        EXPECT_TRUE(script.is_quiet());
    }
    script.acknowledge(1);
    const Segment again = script.take();
    EXPECT_EQ(script.at_of(again), 1u);
    EXPECT_EQ(script.info().congestion_state, TcpCongestionState::recovery);
    EXPECT_EQ(script.info().slow_start_threshold, 7u) << "CUBIC leaves 0.7 of ten";
    script.drop_all();
    script.acknowledge(10'001);
    EXPECT_EQ(script.info().congestion_state, TcpCongestionState::open);
    EXPECT_EQ(script.info().congestion_window, 7u);
}

TEST(TcpRecovery, G5_NewRenoRepeatsOneHoleARoundTrip) {
    InFlight script(false);
    for (int count = 0; count < 3; ++count) script.acknowledge(1);
    EXPECT_EQ(script.at_of(script.take()), 1u);
    script.drop_all();
    script.pass(20ms);
    script.acknowledge(3001);
    EXPECT_EQ(script.at_of(script.take()), 3001u) << "a partial acknowledgement names the next";
    EXPECT_EQ(script.info().congestion_state, TcpCongestionState::recovery);
}

TEST(TcpRecovery, G5_SackRepeatsExactlyTheHoles) {
    for (const bool rack : {false, true}) {
        Limits limits;
        limits.rack = rack;
        InFlight script(true, limits);
        script.acknowledge(1, {{1001, 2001}, {3001, 6001}});
        std::vector<std::uint32_t> repeated;
        for (int count = 0; count < 20; ++count) {
            auto out = script.host.output();
            if (!out) {
                script.acknowledge(1, {{1001, 2001}, {3001, 6001 + 1000 * (count % 5)}});
                continue;
            }
            const std::uint32_t at = script.at_of(out->segment);
            if (at < 10'001) repeated.push_back(at);
        }
        ASSERT_GE(repeated.size(), 2u);
        EXPECT_EQ(repeated[0], 1u);
        EXPECT_EQ(repeated[1], 2001u);
        EXPECT_EQ(repeated.size(), 2u) << "each once";
    }
}

TEST(TcpRecovery, G5_ALittleReorderingIsNotALoss) {
    InFlight script(true);
    script.acknowledge(1, {{1001, 3001}});
    EXPECT_TRUE(script.is_quiet()) << "two behind the gap";
    EXPECT_EQ(script.info().congestion_state, TcpCongestionState::disorder);
    script.acknowledge(3001);
    EXPECT_EQ(script.info().congestion_state, TcpCongestionState::open);
    EXPECT_EQ(script.info().total_retransmissions, 0u);
    EXPECT_EQ(script.info().reorderings_seen, 1u);
}

TEST(TcpRecovery, G5_RackTakesALateSegmentForLostAfterAQuarterOfARoundTrip) {
    InFlight script(true);
    script.acknowledge(1, {{1001, 2001}});
    EXPECT_TRUE(script.is_quiet());
    const Duration waited = script.pass_to_next();
    EXPECT_GE(waited, 4ms);
    EXPECT_LE(waited, 6ms);
    EXPECT_EQ(script.at_of(script.take()), 1u);
}

TEST(TcpRecovery, G5_ALostTailIsProbedLongBeforeTheTimeout) {
    InFlight script(true, {}, 20'000);
    script.acknowledge(9001);
    script.drop_all();
    script.acknowledge(15'001);
    script.drop_all();
    script.acknowledge(19'001);
    EXPECT_TRUE(script.is_quiet());
    // One segment is left: its acknowledgement may be delayed by 200 ms. Two would be 40 ms.
    script.pass_to_next();
    EXPECT_EQ(script.at_of(script.take()), 19'001u);
    EXPECT_EQ(script.info().congestion_state, TcpCongestionState::open);
}

TEST(TcpRecovery, G5_ATailProbeComesAfterTwoRoundTrips) {
    InFlight script(true, {}, 20'000);
    script.acknowledge(10'001);
    script.drop_all();
    const Duration waited = script.pass_to_next();
    EXPECT_GE(waited, 40ms);
    EXPECT_LE(waited, 50ms);
    EXPECT_GT(script.take().payload.size(), 0u);
}

TEST(TcpRecovery, G5_ATimeoutBeginsAnewWithOneSegment) {
    Limits limits;
    limits.tail_probes = false;
    InFlight script(true, limits);
    script.pass_to_next();
    EXPECT_EQ(script.at_of(script.take()), 1u);
    EXPECT_TRUE(script.is_quiet());
    EXPECT_EQ(script.info().congestion_window, 1u);
    EXPECT_EQ(script.info().congestion_state, TcpCongestionState::loss);
    script.pass(20ms);
    script.acknowledge(1001);
    EXPECT_EQ(script.at_of(script.take()), 1001u);
    EXPECT_EQ(script.at_of(script.take()), 2001u);
    EXPECT_TRUE(script.is_quiet()) << "slow start";
}

TEST(TcpRecovery, APeerThatTakesBackWhatItHeldIsServed) {
    Limits limits;
    limits.tail_probes = false;
    InFlight script(true, limits);
    script.acknowledge(1, {{2001, 4001}});
    script.drop_all();
    // It acknowledges as if it had never had them, so all goes again after the timeout.
    script.pass_to_next();
    while (script.connection->info(script.now).congestion_state != TcpCongestionState::loss) {
        script.drop_all();
        script.pass_to_next();
    }
    script.drop_all();
    script.acknowledge(2001);
    script.drop_all();
    script.pass_to_next();
    bool again = false;
    for (int count = 0; count < 10 && !again; ++count) {
        while (auto out = script.host.output()) again |= script.at_of(out->segment) == 2001;
        script.pass_to_next();
    }
    EXPECT_TRUE(again);
}

TEST(TcpRecovery, ATimeoutThatWasTooEarlyIsUndone) {
    Limits limits;
    limits.tail_probes = false;
    TcpScript script(limits);
    script.has_sack = script.has_timestamps = true;
    script.listen();
    script.give(script.syn());
    auto answer = script.take();
    script.theirs = answer.sequence;
    script.pass(20ms);
    script.give({.ack = true}, 1, 1);
    script.connection = script.host.accept(*script.listener);
    script.write_bytes(5000);
    const std::uint32_t first = script.take().options.timestamps->value;
    script.drop_all();
    script.pass(1s);
    script.drop_all();
    EXPECT_EQ(script.connection->info(script.now).congestion_window, 1u);
    // The peer echoes the first transmission: it was only slow.
    script.last_timestamp = first;
    script.give({.ack = true}, 1, 989);
    EXPECT_GE(script.connection->info(script.now).congestion_window, 10u);
    EXPECT_EQ(script.connection->info(script.now).congestion_state, TcpCongestionState::open);
}

TEST(TcpRecovery, TheWindowIsCutOncePerRoundTripByMarksAndNothingIsRepeated) {
    WireFaults faults;
    faults.mark = 0.05;
    faults.per_byte = 800ns;
    Limits limits;
    limits.ecn = Limits::UseEcn::ask_and_agree;
    TcpWire wire(5, faults, limits);
    auto pair = wire.connect();
    ASSERT_NE(pair.server, nullptr);
    EXPECT_TRUE(pair.client->info(wire.now).has_ecn && pair.server->info(wire.now).has_ecn);
    std::size_t left = 1'000'000;
    std::vector<std::byte> room(65536);
    ASSERT_TRUE(wire.run_until([&] {
        while (left > 0) {
            const auto sent =
                pair.client->send(Bytes(room).first(std::min(left, room.size())), wire.now);
            if (!sent) break;
            left -= *sent;
        }
        wire.host(0).changed(*pair.client);
        while (pair.server->receive(room, wire.now)) {
        }
        wire.host(1).changed(*pair.server);
        return left == 0 && pair.client->unacknowledged_bytes() == 0;
    }));
    const TcpInfo info = pair.client->info(wire.now);
    EXPECT_EQ(info.total_retransmissions, 0u);
    EXPECT_LT(info.slow_start_threshold, TcpInfo::kNoThreshold);
    EXPECT_GT(info.delivered_marked.value_or(0), 0u);
    EXPECT_GT(pair.server->info(wire.now).received_marked.value_or(0), 0u);
}

TEST(TcpRecovery, APathThatTakesLessGetsSmallerSegments) {
    InFlight script(true);
    script.host.packet_too_big(script.connection->tuple(), 600, script.now);
    const Segment first = script.take();
    EXPECT_EQ(script.at_of(first), 1u);
    EXPECT_EQ(first.payload.size(), 560u);
    std::uint32_t next = 561;
    script.give({.ack = true}, 1, next);
    while (auto out = script.host.output()) EXPECT_LE(out->segment.payload.size(), 560u);
    // And whoever connects there later begins with them.
    script.close();
    script.drop_all();
    EXPECT_EQ(script.begin_connect().options.max_segment, 560);
}

TEST(TcpRecovery, IdleTimeShrinksTheWindowAgain) {
    InFlight script(true, {}, 20'000);
    std::uint32_t at = 1;
    for (int round = 0; round < 6; ++round) {
        while (at < 1 + 20'000u * static_cast<unsigned>(round + 1)) {
            at += 1000;
            script.acknowledge(at);
            script.drop_all();
        }
        script.write_bytes(20'000);
        script.drop_all();
    }
    at += 20'000;
    script.acknowledge(at);
    const std::uint32_t grown = script.info().congestion_window;
    EXPECT_GT(grown, 20u);
    script.pass(10min);
    script.write_bytes(100);
    EXPECT_EQ(script.info().congestion_window, 10u);
}

}  // namespace
}  // namespace fivetuple::sim::tcp
