#include "fivetuple/sim/tcp/segment.h"

#include "fivetuple/base/random.h"

#include "tests/testing/testing.h"
#include <algorithm>

namespace fivetuple::sim::tcp {
namespace {

const IpAddress kOne(IpAddress::V4Bytes{10, 0, 0, 1});
const IpAddress kTwo(IpAddress::V4Bytes{10, 0, 0, 2});

std::vector<std::byte> bytes(std::initializer_list<int> numbers) {
    std::vector<std::byte> all;
    all.reserve(numbers.size());
    for (const int number : numbers) all.push_back(static_cast<std::byte>(number));
    return all;
}

Segment linux_syn() {
    Segment syn;
    syn.source_port = 0x1234;
    syn.destination_port = 80;
    syn.sequence = Sequence(0x01020304);
    syn.flags.syn = true;
    syn.window = 64240;
    syn.options.max_segment = 1460;
    syn.options.sack_permitted = true;
    syn.options.timestamps = Timestamps{0x11223344, 0};
    syn.options.window_scale = 7;
    return syn;
}

TEST(TcpSegment, ASynLooksOnTheWireAsLinuxWritesIt) {
    const auto wire = write_segment(linux_syn(), kOne, kTwo);
    const auto expected = bytes({0x12, 0x34, 0,    80,   1, 2, 3, 4, 0, 0,    0, 0, 0xa0, 0x02,
                                 0xfa, 0xf0, 0xff, 0xff, 0, 0, 2, 4, 5, 0xb4, 4, 2, 8,    10,
                                 0x11, 0x22, 0x33, 0x44, 0, 0, 0, 0, 1, 3,    3, 7});
    ASSERT_EQ(wire.size(), expected.size());
    for (std::size_t at = 0; at < wire.size(); ++at) {
        if (at == 16 || at == 17) continue;  // The checksum.
        EXPECT_EQ(wire[at], expected[at]) << "at " << at;
    }
}

TEST(TcpSegment, WhatIsWrittenIsReadAgain) {
    Random random(3);
    for (int count = 0; count < 2000; ++count) {
        Segment segment;
        segment.source_port = static_cast<std::uint16_t>(random.next());
        segment.destination_port = static_cast<std::uint16_t>(random.next());
        segment.sequence = Sequence(static_cast<std::uint32_t>(random.next()));
        segment.acknowledgement = Sequence(static_cast<std::uint32_t>(random.next()));
        segment.window = static_cast<std::uint16_t>(random.next());
        segment.urgent_pointer = static_cast<std::uint16_t>(random.next());
        Flags& flags = segment.flags;
        for (bool* flag : {&flags.fin, &flags.syn, &flags.rst, &flags.psh, &flags.ack, &flags.urg,
                           &flags.ece, &flags.cwr}) {
            *flag = random.below(2) == 1;
        }
        if (random.below(2) == 1) segment.options.timestamps = Timestamps{7, 8};
        if (flags.syn) {
            if (random.below(2) == 1) segment.options.max_segment = 1220;
            if (random.below(2) == 1) segment.options.window_scale = 9;
            segment.options.sack_permitted = random.below(2) == 1;
            if (random.below(3) == 1) segment.options.fast_open = FastOpenCookie{{}, 8};
        } else {
            for (std::size_t block = random.below(4); block > 0; --block) {
                segment.options.sack.add({Sequence(1), Sequence(5)});
            }
        }
        segment.payload.assign(testing_help::some_bytes(random.below(50), random.next()));
        const bool v6 = random.below(2) == 1;
        const IpAddress from = v6 ? IpAddress::loopback_v6() : kOne;
        const IpAddress to = v6 ? IpAddress::loopback_v6() : kTwo;
        const auto wire = write_segment(segment, from, to);
        EXPECT_EQ(wire.size(), segment.wire_size());
        const auto read = parse_segment(wire, from, to);
        ASSERT_TRUE(read) << segment.to_string();
        EXPECT_EQ(*read, segment) << segment.to_string() << " / " << read->to_string();
    }
}

TEST(TcpSegment, EveryBitThatFlipsIsNoticed) {
    Segment segment = linux_syn();
    segment.payload.assign(testing_help::some_bytes(31));
    const auto wire = write_segment(segment, kOne, kTwo);
    for (std::size_t bit = 0; bit < wire.size() * 8; ++bit) {
        auto broken = wire;
        broken[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        EXPECT_FALSE(parse_segment(broken, kOne, kTwo)) << "bit " << bit;
    }
    const IpAddress other(IpAddress::V4Bytes{10, 0, 0, 3});
    EXPECT_FALSE(parse_segment(wire, other, kTwo)) << "it is for somebody else";
}

TEST(TcpSegment, WhatIsCutShortIsRefused) {
    const auto wire = write_segment(linux_syn(), kOne, kTwo);
    for (std::size_t size = 0; size < wire.size(); ++size) {
        EXPECT_FALSE(parse_segment(Bytes(wire).first(size), kOne, kTwo)) << size;
    }
}

TEST(TcpSegment, TheOptionsOfASynAreHeardOnlyThere) {
    Segment segment = linux_syn();
    segment.flags = {.ack = true};
    const auto read = parse_segment(write_segment(segment, kOne, kTwo), kOne, kTwo);
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->options.max_segment || read->options.window_scale);
    EXPECT_FALSE(read->options.sack_permitted);
    EXPECT_TRUE(read->options.timestamps);
}

TEST(TcpSegment, AWindowScaleBeyondFourteenIsFourteen) {
    Segment segment = linux_syn();
    segment.options.window_scale = 200;
    EXPECT_EQ(parse_segment(write_segment(segment, kOne, kTwo), kOne, kTwo)->options.window_scale,
              14);
}

TEST(TcpSegment, ItSaysWhatItIs) {
    Segment segment = linux_syn();
    EXPECT_EQ(segment.to_string(),
              "S 16909060:16909060(0) win 64240 <mss 1460,sackOK,TS val 287454020 ecr 0,wscale 7>");
}

TEST(TcpSequence, NumbersGoRound) {
    const Sequence near_end(0xfffffff0);
    const Sequence behind = near_end + 0x20;
    EXPECT_EQ(behind.number(), 0x10u);
    EXPECT_LT(near_end, behind);
    EXPECT_EQ(behind - near_end, 0x20);
    EXPECT_EQ(near_end - behind, -0x20);
    EXPECT_EQ(bytes_between(near_end, behind), 0x20u);
    EXPECT_EQ(later(near_end, behind), behind);
    EXPECT_EQ(earlier(near_end, behind), near_end);
}

}  // namespace
}  // namespace fivetuple::sim::tcp
