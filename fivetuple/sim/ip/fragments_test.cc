#include "fivetuple/sim/ip/fragments.h"

#include "fivetuple/base/random.h"

#include <gtest/gtest.h>

#include "tests/testing/testing.h"
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace fivetuple::sim {
namespace {

using namespace std::chrono_literals;
using testing_help::some_text;

constexpr Time kStart{};

IpHeader header_of(bool v4, std::uint32_t identification = 7) {
    return {.source = *IpAddress::parse(v4 ? "10.0.0.1" : "fd00::1"),
            .destination = *IpAddress::parse(v4 ? "10.0.0.2" : "fd00::2"),
            .may_fragment = v4,
            .identification = v4 ? identification : 0};
}

Packet packet_of(bool v4, const std::string& text) {
    const IpHeader header = header_of(v4);
    Packet packet = make_ip(header, text.size());
    std::memcpy(payload_of(packet, header).data(), text.data(), text.size());
    return packet;
}

// What comes of the fragments, in the order given.
std::string joined(Reassembler& reassembler, const std::vector<Packet>& parts) {
    std::string text;
    for (const Packet& part : parts) {
        const auto view = read_ip(part.bytes());
        if (!view) return "garbage";
        const auto whole = reassembler.add(*view, kStart);
        if (!whole) continue;
        const auto read = read_ip(whole->bytes());
        if (!read || read->header.is_fragment()) return "garbage";
        text += text_of(read->payload);
    }
    return text;
}

TEST(Fragments, WhatFitsIsNotCut) {
    const auto parts = fragment(packet_of(true, some_text(1480)), 1500, 0);
    ASSERT_EQ(parts.size(), 1u);
    EXPECT_FALSE(read_ip(parts[0].bytes())->header.is_fragment());
}

TEST(Fragments, APacketComesTogetherFromItsPartsInAnyOrder) {
    Random random(1);
    for (const bool v4 : {true, false}) {
        for (const std::size_t size : {1481u, 2000u, 9000u, 65000u}) {
            auto parts = fragment(packet_of(v4, some_text(size)), 1500, 99);
            EXPECT_GT(parts.size(), 1u);
            for (const Packet& part : parts) EXPECT_LE(part.size(), 1500u);
            for (std::size_t at = parts.size(); at > 1; --at) {
                std::swap(parts[at - 1], parts[random.below(at)]);
            }
            Reassembler reassembler;
            EXPECT_EQ(joined(reassembler, parts), some_text(size)) << size;
            EXPECT_EQ(reassembler.bytes(), 0u);
        }
    }
}

TEST(Fragments, MayBeCutOnceMoreOnTheWay) {
    std::vector<Packet> small;
    for (Packet& part : fragment(packet_of(true, some_text(4000)), 1500, 0)) {
        for (Packet& piece : fragment(std::move(part), 576, 0)) small.push_back(std::move(piece));
    }
    EXPECT_GT(small.size(), 6u);
    Reassembler reassembler;
    EXPECT_EQ(joined(reassembler, small), some_text(4000));
}

TEST(Fragments, OneThatComesTwiceDoesNoHarm) {
    auto parts = fragment(packet_of(true, some_text(3000)), 1500, 0);
    std::vector<Packet> twice;
    for (const Packet& part : parts) {
        twice.push_back(Packet::copy_of(part.bytes()));
        if (&part != &parts.back()) twice.push_back(Packet::copy_of(part.bytes()));
    }
    Reassembler reassembler;
    EXPECT_EQ(joined(reassembler, twice), some_text(3000));
}

TEST(Fragments, OverlapMakesThePacketVoid) {
    auto parts = fragment(packet_of(true, some_text(3000)), 1500, 0);
    auto overlap = fragment(packet_of(true, some_text(3000)), 1000, 0);
    std::vector<Packet> mixed;
    mixed.push_back(std::move(parts[0]));
    mixed.push_back(std::move(overlap[1]));
    mixed.push_back(std::move(parts[1]));
    mixed.push_back(std::move(parts[2]));
    Reassembler reassembler;
    EXPECT_EQ(joined(reassembler, mixed), "");
    EXPECT_EQ(reassembler.given_up(), 1u);
    EXPECT_EQ(reassembler.bytes(), 0u);
}

TEST(Fragments, ThePartsOfAPacketThatDoesNotComeAreGivenUpInTime) {
    auto parts = fragment(packet_of(true, some_text(3000)), 1500, 0);
    Reassembler reassembler;
    EXPECT_EQ(reassembler.next_deadline(), kNever);
    const auto view = read_ip(parts[0].bytes());
    EXPECT_FALSE(reassembler.add(*view, kStart + 1s).has_value());
    EXPECT_EQ(reassembler.next_deadline(), kStart + 31s);
    reassembler.expire(kStart + 30s);
    EXPECT_EQ(reassembler.bytes(), 1480u);
    reassembler.expire(kStart + 31s);
    EXPECT_EQ(reassembler.bytes(), 0u);
    EXPECT_EQ(reassembler.given_up(), 1u);
    EXPECT_EQ(reassembler.next_deadline(), kNever);
}

TEST(Fragments, MemoryIsBoundedWhateverComes) {
    Reassembler reassembler;
    const std::string text = some_text(1400);
    for (std::uint32_t which = 0; which < 10'000; ++which) {
        IpHeader header = header_of(true, which);
        header.more_fragments = true;
        Packet part = make_ip(header, text.size());
        std::memcpy(payload_of(part, header).data(), text.data(), text.size());
        static_cast<void>(reassembler.add(*read_ip(part.bytes()), kStart + 1ns * which));
        ASSERT_LE(reassembler.bytes(), Reassembler::kMostBytes);
    }
    EXPECT_GE(reassembler.given_up(), 10'000u - Reassembler::kMostPackets);
}

TEST(Fragments, ALastPartThatLiesAboutTheEndIsRefused) {
    Reassembler reassembler;
    IpHeader header = header_of(true);
    header.fragment_offset = 65528;
    Packet beyond = make_ip(header, 16);
    EXPECT_FALSE(reassembler.add(*read_ip(beyond.bytes()), kStart).has_value());
    EXPECT_EQ(reassembler.given_up(), 1u);
}

}  // namespace
}  // namespace fivetuple::sim
