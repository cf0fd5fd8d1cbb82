#include "fivetuple/os/tcp_info.h"

#include "fivetuple/base/random.h"
#include "fivetuple/os/options/tcp.h"

#include "tests/testing/eventually.h"
#include "tests/testing/option_checks.h"
#include <algorithm>
#include <cstring>

namespace fivetuple {
namespace {

using testing_help::connected_kind;
using testing_help::eventually;
using testing_help::open_kind;
using namespace std::chrono_literals;

std::string value_of(const TcpInfo& info, std::string_view name) {
    for (const TcpInfo::Field& each : info.fields()) {
        if (each.name == name) return each.value;
    }
    return "";
}

TEST(TcpInfo, AConnectionTellsItsState) {
    for (const SocketKind kind : {SocketKind::tcp_v4, SocketKind::tcp_v6}) {
        auto pair = connected_kind(kind);
        const auto info = get<TcpInfo>(pair->first);
        ASSERT_TRUE(info) << info.error().message();
        EXPECT_EQ(info->state, TcpState::established);
        EXPECT_EQ(info->congestion_state, TcpCongestionState::open);
        EXPECT_GT(info->retransmission_timeout, 0us);
        EXPECT_GT(info->send_segment_bytes, 0U);
        EXPECT_GT(info->congestion_window, 0U);
        EXPECT_GT(info->path_mtu_bytes, 1000U);
        EXPECT_EQ(info->total_retransmissions, 0U);
        EXPECT_TRUE(info->pacing_rate.has_value());
        EXPECT_EQ(info->max_pacing_rate, TcpInfo::kNoLimit);
        EXPECT_FALSE(info->had_data_in_syn);
    }
}

TEST(TcpInfo, StatesFollowTheLifeOfAConnection) {
    auto fresh = open_kind(SocketKind::tcp_v4);
    EXPECT_EQ(get<TcpInfo>(*fresh)->state, TcpState::closed);
    auto listener = Socket::listen_on({IpAddress::loopback_v4(), 0}, 7);
    EXPECT_EQ(get<TcpInfo>(*listener)->state, TcpState::listening);
    EXPECT_EQ(get<TcpInfo>(*listener)->to_string(), "LISTEN, 0 of 7 wait to be accepted");

    auto pair = connected_kind(SocketKind::tcp_v4);
    ASSERT_TRUE(pair->first.shutdown_write());
    const auto is_in = [](Socket& socket, TcpState state) {
        return eventually([&] { return get<TcpInfo>(socket)->state == state; });
    };
    EXPECT_TRUE(is_in(pair->second, TcpState::close_wait));
    // The peer takes its time to acknowledge the end.
    EXPECT_TRUE(is_in(pair->first, TcpState::fin_wait_2));
}

TEST(TcpInfo, BytesAreCountedOnBothSides) {
    auto pair = connected_kind(SocketKind::tcp_v4);
    const std::string text(50000, 'x');
    ASSERT_TRUE(pair->first.write_all(bytes_of(text)));
    std::vector<std::byte> room(text.size());
    ASSERT_TRUE(pair->second.read_exact(room));
    ASSERT_TRUE(pair->second.write_all(bytes_of("thanks")));
    ASSERT_TRUE(pair->first.read_exact(MutableBytes(room).first(6)));
    const auto sender = get<TcpInfo>(pair->first);
    const auto receiver = get<TcpInfo>(pair->second);
    EXPECT_EQ(sender->bytes_sent, 50000U);
    EXPECT_EQ(sender->bytes_acknowledged.value() - 1, 50000U);  // The SYN counts as a byte.
    EXPECT_EQ(sender->bytes_retransmitted, 0U);
    EXPECT_EQ(sender->bytes_not_sent, 0U);
    EXPECT_EQ(receiver->bytes_received, 50000U);
    EXPECT_GT(sender->data_segments_sent, 0U);
    EXPECT_GT(sender->delivered, 0U);
    EXPECT_GT(sender->round_trip, 0us);
    EXPECT_GE(sender->least_round_trip, 0us);
    EXPECT_GE(sender->round_trip, sender->least_round_trip.value() / 8);
    EXPECT_GE(sender->busy, 0us);
}

// The peer reads nothing: what limits the sender is the peer's window.
TEST(TcpInfo, TimeIsBookedToWhatLimitsTheSender) {
    auto pair = connected_kind(SocketKind::tcp_v4);
    const std::string text(1 << 20, 'x');
    for (int round = 0; round < 64; ++round) {
        if (!pair->first.write_some(bytes_of(text), Time{})) break;
    }
    const auto info = get<TcpInfo>(pair->first);
    EXPECT_GT(info->bytes_not_sent, 0U);
    EXPECT_LE(info->limited_by_receiver.value() + info->limited_by_send_buffer.value(),
              info->busy.value());
}

TEST(TcpInfo, SaysWhatMattersInALine) {
    TcpInfo info;
    info.state = TcpState::established;
    info.round_trip = 35us;
    info.congestion_window = 10;
    info.send_segment_bytes = 1448;
    info.total_retransmissions = 2;
    EXPECT_EQ(info.to_string(),
              "ESTAB, rtt 35 us, cwnd 10 segments, mss 1448 bytes, retransmissions 2");
}

TEST(TcpInfo, EachFieldIsToldWithItsUnit) {
    auto pair = connected_kind(SocketKind::tcp_v4);
    const auto info = get<TcpInfo>(pair->first);
    EXPECT_EQ(value_of(*info, "state"), "ESTAB");
    EXPECT_EQ(value_of(*info, "congestion_window"),
              std::to_string(info->congestion_window) + " segments");
    EXPECT_EQ(value_of(*info, "round_trip"), std::to_string(info->round_trip.count()) + " us");
    EXPECT_EQ(value_of(*info, "max_pacing_rate"), "no limit");
    EXPECT_EQ(value_of(*info, "slow_start_threshold"), "none yet");
    EXPECT_EQ(value_of(*info, "has_timestamps"), info->has_timestamps ? "yes" : "no");
    EXPECT_EQ(value_of(*info, "fast_open_failure"), "none known");
    EXPECT_EQ(value_of(*info, "no_such_field"), "");
    for (const TcpInfo::Field& each : info->fields()) {
        if (each.name != "round_trip") continue;
        EXPECT_EQ(each.unit, "us");
        EXPECT_EQ(each.figure, static_cast<std::uint64_t>(info->round_trip.count()));
    }
}

// The kernel's structure as it was when it ended at each of its versions.
TEST(TcpInfo, OlderKernelsLeaveFieldsEmpty) {
    std::array<std::byte, 280> raw{};
    std::ranges::fill(raw, std::byte{1});
    const auto of_size = [&](std::size_t size) {
        return TcpInfo::from_bytes(Bytes(raw).first(size));
    };

    EXPECT_EQ(of_size(0).error().cause(), Cause::malformed);
    EXPECT_EQ(of_size(103).error().message(),
              "getsockopt TCP_INFO: the kernel's value has 103 bytes");

    const auto first = of_size(104);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->total_retransmissions, 0x01010101U);
    EXPECT_FALSE(first->pacing_rate);
    EXPECT_EQ(first->fields().size(), 17U + 24U);

    const auto linux_4_9 = of_size(168);
    EXPECT_TRUE(linux_4_9->delivery_rate);
    EXPECT_FALSE(linux_4_9->busy);
    const auto linux_5_4 = of_size(232);
    EXPECT_TRUE(linux_5_4->send_window_bytes);
    EXPECT_FALSE(linux_5_4->receive_window_bytes);
    EXPECT_FALSE(of_size(231)->send_window_bytes) << "half a field is none";
    const auto all = of_size(280);
    EXPECT_EQ(all->accurate_ecn_seen, 0x0101U);
    EXPECT_EQ(all->fields().size(), 17U + 24U + 36U);
}

TEST(TcpInfo, NewerKernelsMayTellMore) {
    std::vector<std::byte> raw(400);
    const auto info = TcpInfo::from_bytes(raw);
    ASSERT_TRUE(info);
    EXPECT_TRUE(info->accurate_ecn_seen);
}

TEST(TcpInfo, BitsAreTakenApart) {
    std::array<std::byte, 104> raw{};
    raw[0] = std::byte{1};
    raw[1] = std::byte{3};
    raw[5] = std::byte{0xff};
    raw[6] = std::byte{0x7a};
    raw[7] = std::byte{0x05};
    const auto info = TcpInfo::from_bytes(raw);
    EXPECT_EQ(info->congestion_state, TcpCongestionState::recovery);
    EXPECT_TRUE(info->has_timestamps && info->has_sack && info->has_window_scale);
    EXPECT_TRUE(info->has_ecn && info->has_seen_ecn && info->had_data_in_syn);
    EXPECT_TRUE(info->has_microseconds && info->is_fast_open_child);
    EXPECT_EQ(info->send_window_scale, 10);
    EXPECT_EQ(info->receive_window_scale, 7);
    EXPECT_TRUE(info->is_rate_limited_by_program);
    EXPECT_EQ(info->fast_open_failure, FastOpenFailure::data_not_taken);
    raw[0] = std::byte{99};
    EXPECT_EQ(to_string(TcpInfo::from_bytes(raw)->state), "UNKNOWN");
}

TEST(TcpInfo, WhatIsWrittenIsReadAgain) {
    Random random(1);
    for (int round = 0; round < 100; ++round) {
        std::array<std::byte, TcpInfo::kRawBytes> raw;
        for (std::byte& byte : raw) byte = static_cast<std::byte>(random.next());
        raw[7] &= std::byte{7};  // Of its flags three are used.
        const auto info = TcpInfo::from_bytes(raw);
        ASSERT_TRUE(info.has_value());
        EXPECT_TRUE(info->to_bytes() == raw);
    }
}

TEST(TcpInfo, OtherKindsHaveNone) {
    auto udp = open_kind(SocketKind::udp_v4);
    EXPECT_EQ(get<TcpInfo>(*udp).error().message(),
              "getsockopt TCP_INFO: a UDP socket over IPv4 has no such option; it is for: TCP, "
              "MPTCP");
}

}  // namespace
}  // namespace fivetuple
