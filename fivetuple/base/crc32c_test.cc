#include "fivetuple/base/crc32c.h"

#include "tests/testing/testing.h"
#include <numeric>
#include <string>
#include <vector>

namespace fivetuple {
namespace {

// The definition, a bit at a time.
std::uint32_t bit_by_bit(Bytes bytes) {
    std::uint32_t sum = UINT32_MAX;
    for (const std::byte each : bytes) {
        sum ^= std::to_integer<std::uint32_t>(each);
        for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? 0x82f63b78u : 0u);
    }
    return ~sum;
}

void expect_sum(Bytes bytes, std::uint32_t sum) {
    EXPECT_EQ(crc32c(bytes), sum);
    EXPECT_EQ(crc32c_by_tables(bytes), sum);
}

TEST(Crc32c, C3_IsWhatTheStandardSaysOfItsExamples) {
    expect_sum({}, 0);
    expect_sum(bytes_of("123456789"), 0xe3069283);
    expect_sum(std::vector(32, std::byte{0}), 0x8a9136aa);
    expect_sum(std::vector(32, std::byte{0xff}), 0x62a8ab43);
    std::vector<std::uint8_t> up(32);
    std::iota(up.begin(), up.end(), std::uint8_t{0});
    expect_sum(std::as_bytes(std::span(up)), 0x46dd794e);
    const std::vector down(up.rbegin(), up.rend());
    expect_sum(std::as_bytes(std::span(down)), 0x113fdb5c);
}

TEST(Crc32c, IsTheDefinitionForEveryLengthAndPlace) {
    const auto bytes = testing_help::some_bytes(100, 3);
    for (std::size_t begin = 0; begin < 9; ++begin) {
        for (std::size_t size = 0; begin + size <= bytes.size(); ++size) {
            const Bytes part = Bytes(bytes).subspan(begin, size);
            expect_sum(part, bit_by_bit(part));
        }
    }
}

TEST(Crc32c, PartsHaveTheSumOfTheWhole) {
    const auto bytes = testing_help::some_bytes(50, 4);
    const std::uint32_t whole = crc32c(bytes);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const Bytes front = Bytes(bytes).first(cut);
        const Bytes back = Bytes(bytes).subspan(cut);
        EXPECT_EQ(crc32c(back, crc32c(front)), whole);
        EXPECT_EQ(crc32c_by_tables(back, crc32c_by_tables(front)), whole);
    }
}

TEST(Crc32c, C3_OneBitThatChangedChangesIt) {
    auto bytes = testing_help::some_bytes(33, 5);
    const std::uint32_t whole = crc32c(bytes);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] ^= std::byte{1} << (bit % 8);
        EXPECT_NE(crc32c(bytes), whole) << bit;
        bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    }
}

}  // namespace
}  // namespace fivetuple
