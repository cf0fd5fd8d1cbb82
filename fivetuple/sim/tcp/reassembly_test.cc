#include "fivetuple/sim/tcp/reassembly.h"

#include "fivetuple/base/random.h"

#include "tests/testing/testing.h"
#include <algorithm>
#include <set>

namespace fivetuple::sim::tcp {
namespace {

const Sequence kFirst(0xffffff00);  // So that every test goes round the end of the numbers.

Reassembly started() {
    Reassembly stream;
    stream.start(kFirst);
    return stream;
}

std::string read(Reassembly& stream) {
    std::vector<std::byte> bytes(stream.readable());
    EXPECT_EQ(stream.copy(bytes), bytes.size());
    stream.consume(bytes.size());
    return std::string(text_of(bytes));
}

TEST(TcpReassembly, WhatComesInOrderCanBeReadAtOnce) {
    Reassembly stream = started();
    EXPECT_EQ(stream.add(kFirst, bytes_of("abc")).in_order, 3u);
    EXPECT_EQ(stream.add(kFirst + 3, bytes_of("def")).in_order, 3u);
    EXPECT_EQ(read(stream), "abcdef");
    EXPECT_EQ(stream.next(), kFirst + 6);
    EXPECT_EQ(stream.first_unread(), kFirst + 6);
}

TEST(TcpReassembly, AGapIsFilledAndEverythingBehindItComes) {
    Reassembly stream = started();
    EXPECT_TRUE(stream.add(kFirst + 6, bytes_of("ghi")).out_of_order);
    EXPECT_TRUE(stream.add(kFirst + 3, bytes_of("def")).out_of_order);
    EXPECT_EQ(stream.readable(), 0u);
    EXPECT_EQ(stream.waiting(), 6u);
    EXPECT_EQ(stream.blocks(4).size(), 1u) << "they touch";
    const auto outcome = stream.add(kFirst, bytes_of("abc"));
    EXPECT_TRUE(outcome.filled_gap);
    EXPECT_EQ(outcome.in_order, 9u);
    EXPECT_EQ(read(stream), "abcdefghi");
    EXPECT_FALSE(stream.has_gaps());
}

TEST(TcpReassembly, TheFirstToComeIsKeptWhereTwoOverlap) {
    Reassembly stream = started();
    stream.add(kFirst + 3, bytes_of("DEF"));
    stream.add(kFirst, bytes_of("abcdefghi"));
    EXPECT_EQ(read(stream), "abcdefghi") << "what closes the gap counts as a whole";
    Reassembly other = started();
    other.add(kFirst, bytes_of("abc"));
    other.add(kFirst, bytes_of("XYZdef"));
    EXPECT_EQ(read(other), "abcdef");
}

TEST(TcpReassembly, ADuplicateIsToldOnceAndFirst) {
    Reassembly stream = started();
    stream.add(kFirst, bytes_of("abcdef"));
    stream.add(kFirst + 10, bytes_of("k"));
    EXPECT_TRUE(stream.add(kFirst + 2, bytes_of("cd")).duplicate);
    const SackBlocks blocks = stream.blocks(4);
    ASSERT_EQ(blocks.size(), 2u);
    EXPECT_EQ(blocks[0], (SackBlock{kFirst + 2, kFirst + 4}));
    EXPECT_EQ(blocks[1], (SackBlock{kFirst + 10, kFirst + 11}));
    stream.duplicate_reported();
    EXPECT_EQ(stream.blocks(4).size(), 1u);
}

TEST(TcpReassembly, TheNewestBlocksAreTold) {
    Reassembly stream = started();
    for (std::uint32_t at = 2; at <= 12; at += 2) stream.add(kFirst + at, bytes_of("x"));
    const SackBlocks blocks = stream.blocks(3);
    ASSERT_EQ(blocks.size(), 3u);
    EXPECT_EQ(blocks[0].begin, kFirst + 12);
    EXPECT_EQ(blocks[1].begin, kFirst + 10);
    EXPECT_EQ(blocks[2].begin, kFirst + 8);
}

TEST(TcpReassembly, AnyOrderAndAnyOverlapGiveTheSameStream) {
    Random random(9);
    for (int run = 0; run < 300; ++run) {
        const std::string whole = testing_help::some_text(1 + random.below(400), random.next());
        Reassembly stream = started();
        std::set<std::uint32_t> come;
        std::string got;
        while (got.size() < whole.size()) {
            const auto begin = static_cast<std::uint32_t>(random.below(whole.size()));
            const auto size = static_cast<std::uint32_t>(
                1 + random.below(std::min<std::size_t>(40, whole.size() - begin)));
            stream.add(kFirst + begin, bytes_of(std::string_view(whole).substr(begin, size)));
            for (std::uint32_t at = begin; at < begin + size; ++at) come.insert(at);
            got += read(stream);
            const auto in_order = static_cast<std::uint32_t>(got.size());
            EXPECT_EQ(stream.next(), kFirst + in_order);
            EXPECT_FALSE(come.contains(in_order));
            EXPECT_EQ(stream.waiting(), come.size() - in_order) << "each byte is held once";
        }
        EXPECT_EQ(got, whole);
    }
}

}  // namespace
}  // namespace fivetuple::sim::tcp
