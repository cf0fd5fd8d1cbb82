#include "tests/testing/tcp_script.h"
#include "tests/testing/tcp_wire.h"

namespace fivetuple::sim::tcp {
namespace {

using namespace std::chrono_literals;
using testing_help::TcpScript;
using testing_help::TcpWire;
using testing_help::WireFaults;

TEST(TcpInfoOfSimulation, G5_WhatWasSentRepeatedAndDeliveredAddsUp) {
    WireFaults faults;
    faults.loss = 0.05;
    TcpWire wire(4, faults);
    const auto pair = wire.connect();
    ASSERT_NE(pair.server, nullptr);
    const std::vector<std::byte> bytes(200'000);
    std::vector<std::byte> room(bytes.size());
    std::size_t sent = 0, got = 0;
    ASSERT_TRUE(wire.run_until([&] {
        if (sent < bytes.size()) {
            sent += pair.client->send(Bytes(bytes).subspan(sent), wire.now).value_or(0);
        }
        wire.host(0).changed(*pair.client);
        got += pair.server->receive(room, wire.now).value_or(0);
        wire.host(1).changed(*pair.server);
        return got == bytes.size() && pair.client->unacknowledged_bytes() == 0;
    }));
    const TcpInfo from = pair.client->info(wire.now), to = pair.server->info(wire.now);
    EXPECT_EQ(from.bytes_acknowledged, bytes.size());
    EXPECT_EQ(to.bytes_received, bytes.size());
    EXPECT_GT(from.total_retransmissions, 0u);
    EXPECT_EQ(from.bytes_sent.value() - from.bytes_retransmitted.value(), bytes.size());
    EXPECT_GE(from.segments_sent.value(), from.data_segments_sent.value());
    EXPECT_LE(to.data_segments_received.value(), from.data_segments_sent.value());
    EXPECT_EQ(from.unacknowledged_segments, 0u);
    EXPECT_EQ(from.lost_segments, 0u);
    EXPECT_EQ(from.retransmitted_segments, 0u);
    EXPECT_GE(from.round_trip, 20ms);
    EXPECT_EQ(from.least_round_trip, 20ms);
    EXPECT_LT(from.slow_start_threshold, TcpInfo::kNoThreshold);
    EXPECT_GT(to.out_of_order_received.value(), 0u);
    EXPECT_EQ(from.send_window_scale, to.receive_window_scale);
}

TEST(TcpInfoOfSimulation, TimersAndQueuesCanBeSeen) {
    TcpScript script;
    script.accept_one();
    script.write_bytes(15'000);
    script.drop_all();
    TcpInfo info = script.connection->info(script.now);
    EXPECT_EQ(info.unacknowledged_segments, 10u);
    EXPECT_EQ(info.bytes_not_sent, 5000u);
    EXPECT_EQ(info.send_segment_bytes, 1000u);
    script.pass(5s);
    script.drop_all();
    info = script.connection->info(script.now);
    EXPECT_EQ(info.congestion_state, TcpCongestionState::loss);
    EXPECT_EQ(info.retransmits, 4u) << "after 0.2, 0.6, 1.4 and 3 seconds";
    EXPECT_EQ(info.backoff, 4u);
    EXPECT_GE(info.retransmission_timeout, 3200ms);
    EXPECT_EQ(info.timeouts, 4u);
    EXPECT_GE(info.since_data_sent, 1900ms);
    EXPECT_LE(info.since_data_sent, 2s);
}

TEST(TcpInfoOfSimulation, AConnectionThatHasEndedCanStillBeAsked) {
    TcpScript script;
    script.accept_one();
    script.give({.rst = true}, 1);
    const TcpInfo info = script.connection->info(script.now);
    EXPECT_EQ(info.state, TcpState::closed);
    EXPECT_EQ(info.send_segment_bytes, 1000u);
}

}  // namespace
}  // namespace fivetuple::sim::tcp
