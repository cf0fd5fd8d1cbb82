#include "fivetuple/sim/ip/header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace fivetuple::sim {
namespace {

IpAddress ip(std::string_view text) { return *IpAddress::parse(text); }

Packet packet_of(IpHeader header, std::string_view payload) {
    Packet packet = make_ip(header, payload.size());
    std::memcpy(payload_of(packet, header).data(), payload.data(), payload.size());
    return packet;
}

IpHeader v4_header() {
    return {.source = ip("10.0.0.1"),
            .destination = ip("10.0.0.2"),
            .protocol = IpProtocol::tcp,
            .hops = 7,
            .traffic_class = 0xb8 | 2,
            .may_fragment = true,
            .identification = 0x1234};
}

IpHeader v6_header() {
    return {.source = ip("fd00::1"),
            .destination = ip("fd00::2"),
            .protocol = IpProtocol::udp,
            .hops = 9,
            .traffic_class = 0xb8 | 1};
}

TEST(IpHeader, Ipv4IsReadAsItWasWritten) {
    const Packet packet = packet_of(v4_header(), "payload");
    EXPECT_EQ(packet.size(), 27u);
    const auto view = read_ip(packet.bytes());
    ASSERT_TRUE(view.has_value()) << view.error().message();
    EXPECT_EQ(view->header.source, ip("10.0.0.1"));
    EXPECT_EQ(view->header.destination, ip("10.0.0.2"));
    EXPECT_EQ(view->header.protocol, IpProtocol::tcp);
    EXPECT_EQ(view->header.hops, 7);
    EXPECT_EQ(view->header.traffic_class, 0xba);
    EXPECT_EQ(view->header.identification, 0x1234u);
    EXPECT_TRUE(view->header.may_fragment);
    EXPECT_FALSE(view->header.is_fragment());
    EXPECT_EQ(text_of(view->payload), "payload");
}

TEST(IpHeader, Ipv6IsReadAsItWasWritten) {
    const Packet packet = packet_of(v6_header(), "payload");
    EXPECT_EQ(packet.size(), 47u);
    const auto view = read_ip(packet.bytes());
    ASSERT_TRUE(view.has_value()) << view.error().message();
    EXPECT_EQ(view->header.source, ip("fd00::1"));
    EXPECT_EQ(view->header.destination, ip("fd00::2"));
    EXPECT_EQ(view->header.protocol, IpProtocol::udp);
    EXPECT_EQ(view->header.hops, 9);
    EXPECT_EQ(view->header.traffic_class, 0xb9);
    EXPECT_EQ(text_of(view->payload), "payload");
}

TEST(IpHeader, WhatStandsBehindThePacketIsNoPartOfIt) {
    for (const IpHeader& header : {v4_header(), v6_header()}) {
        const Packet packet = packet_of(header, "payload");
        Packet padded(packet.size() + 6);
        std::memcpy(padded.bytes().data(), packet.bytes().data(), packet.size());
        EXPECT_EQ(text_of(read_ip(padded.bytes())->payload), "payload");
    }
}

TEST(IpHeader, EveryCutAndEveryWrongBitOfTheHeaderIsSeen) {
    const Packet packet = packet_of(v4_header(), "payload");
    for (std::size_t size = 0; size < packet.size(); ++size) {
        EXPECT_FALSE(read_ip(packet.bytes().first(size)).has_value()) << size;
    }
    for (std::size_t bit = 0; bit < 160; ++bit) {
        Packet other = Packet::copy_of(packet.bytes());
        other.bytes()[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
        EXPECT_FALSE(read_ip(other.bytes()).has_value()) << bit;
    }
    const Packet v6 = packet_of(v6_header(), "payload");
    for (std::size_t size = 0; size < v6.size(); ++size) {
        EXPECT_FALSE(read_ip(v6.bytes().first(size)).has_value()) << size;
    }
}

TEST(IpHeader, ExtensionHeadersAreReadOver) {
    IpHeader header = v6_header();
    header.protocol = static_cast<IpProtocol>(0);  // Hop by hop.
    Packet packet = make_ip(header, 8 + 16 + 2);
    MutableBytes rest = payload_of(packet, header);
    std::ranges::fill(rest, std::byte{0});
    rest[0] = std::byte{60};  // Destination options follow.
    rest[8] = std::byte{17};
    rest[9] = std::byte{1};  // 16 bytes of them.
    rest[24] = std::byte{'o'};
    rest[25] = std::byte{'k'};
    const auto view = read_ip(packet.bytes());
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->header.protocol, IpProtocol::udp);
    EXPECT_EQ(text_of(view->payload), "ok");
    rest[9] = std::byte{200};
    EXPECT_EQ(read_ip(packet.bytes()).error().message(),
              "read_ip: an extension header's length lies");
}

TEST(IpHeader, AHopTakenKeepsTheChecksumRight) {
    Packet packet = packet_of(v4_header(), "payload");
    for (int left = 6; left > 0; --left) {
        ASSERT_TRUE(take_hop(packet));
        const auto view = read_ip(packet.bytes());
        ASSERT_TRUE(view.has_value()) << view.error().message();
        EXPECT_EQ(view->header.hops, left);
    }
    EXPECT_FALSE(take_hop(packet));
    Packet v6 = packet_of(v6_header(), "payload");
    ASSERT_TRUE(take_hop(v6));
    EXPECT_EQ(read_ip(v6.bytes())->header.hops, 8);
}

TEST(IpHeader, CongestionIsMarkedWhereTheEndsUnderstandIt) {
    for (IpHeader header : {v4_header(), v6_header()}) {
        Packet packet = packet_of(header, "payload");
        EXPECT_TRUE(mark_congestion(packet));
        const auto view = read_ip(packet.bytes());
        ASSERT_TRUE(view.has_value()) << view.error().message();
        EXPECT_EQ(view->header.traffic_class, 0xbb);
        header.traffic_class = 0xb8;
        Packet deaf = packet_of(header, "payload");
        EXPECT_FALSE(mark_congestion(deaf));
        EXPECT_EQ(read_ip(deaf.bytes())->header.traffic_class, 0xb8);
    }
}

}  // namespace
}  // namespace fivetuple::sim
