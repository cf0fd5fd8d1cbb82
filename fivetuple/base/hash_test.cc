#include "fivetuple/base/hash.h"

#include "tests/testing/testing.h"
#include <array>
#include <set>
#include <string_view>

namespace fivetuple {
namespace {

std::size_t hash_of(std::string_view text, std::uint64_t seed = 0) {
    return hash_bytes(text.data(), text.size(), seed);
}

TEST(HashBytes, DependsOnEveryBitOfTheData) {
    std::array<unsigned char, 16> data{};
    std::set<std::size_t> seen{hash_bytes(data.data(), data.size(), 0)};
    for (std::size_t bit = 0; bit < data.size() * 8; ++bit) {
        data[bit / 8] = static_cast<unsigned char>(1u << (bit % 8));
        seen.insert(hash_bytes(data.data(), data.size(), 0));
        data[bit / 8] = 0;
    }
    EXPECT_EQ(seen.size(), data.size() * 8 + 1);
}

TEST(HashBytes, DependsOnTheSeedTheOrderAndTheSize) {
    EXPECT_NE(hash_of("ab", 0), hash_of("ab", 1));
    EXPECT_NE(hash_of("ab"), hash_of("ba"));
    EXPECT_NE(hash_of(""), hash_of(std::string_view("\0", 1)));
    EXPECT_NE(hash_of("", 0), hash_of("", 1));
}

TEST(HashBytes, IsTheSameForTheSameBytesWhereverTheyAre) {
    const std::string one = "the same bytes";
    const std::string other = "the same bytes";
    EXPECT_EQ(hash_of(one, 5), hash_of(other, 5));
}

TEST(HashBytes, SpreadsNeighboursOverATableOfAPowerOfTwo) {
    // 4,096 addresses of one network into 256 buckets: 16 each, were it perfect.
    std::array<int, 256> buckets{};
    for (unsigned host = 0; host < 4'096; ++host) {
        const unsigned char address[] = {10, 0, static_cast<unsigned char>(host >> 8),
                                         static_cast<unsigned char>(host)};
        buckets[hash_bytes(address, sizeof address, 0) % buckets.size()]++;
    }
    for (const int count : buckets) {
        EXPECT_GE(count, 2);
        EXPECT_LE(count, 40);
    }
}

TEST(HashLong, DependsOnEveryBitOnTheSeedAndOnTheSize) {
    std::array<std::byte, 100> data{};
    std::set<std::uint64_t> seen{hash_long(data, 0), hash_long(data, 1)};
    for (std::size_t size = 0; size < data.size(); ++size) {
        seen.insert(hash_long(Bytes(data).first(size), 0));
    }
    for (std::size_t bit = 0; bit < data.size() * 8; ++bit) {
        data[bit / 8] = static_cast<std::byte>(1u << (bit % 8));
        seen.insert(hash_long(data, 0));
        data[bit / 8] = std::byte{0};
    }
    EXPECT_EQ(seen.size(), 2 + data.size() + data.size() * 8);
}

}  // namespace
}  // namespace fivetuple
