#include "fivetuple/io/lease_pool.h"

#include "tests/testing/testing.h"
#include <algorithm>
#include <cstdint>
#include <vector>

namespace fivetuple {
namespace {

TEST(LeasePoolTest, GivesBuffersOfItsSize) {
    LeasePool pool(100);
    EXPECT_EQ(pool.buffer_size(), 100u);
    std::byte* buffer = pool.take();
    std::fill_n(buffer, 100, std::byte{1});
    pool.give_back(buffer);
}

// Where a buffer is: that may still be said when the buffer itself has been given back.
std::uintptr_t place_of(const std::byte* buffer) {
    return reinterpret_cast<std::uintptr_t>(buffer);
}

TEST(LeasePoolTest, TheOneUsedLastIsGivenOutFirst) {
    LeasePool pool(16);
    std::byte* buffer = pool.take();
    std::byte* other = pool.take();
    const std::uintptr_t first = place_of(buffer);
    const std::uintptr_t second = place_of(other);
    EXPECT_NE(first, second);
    pool.give_back(buffer);
    pool.give_back(other);
    buffer = pool.take();
    other = pool.take();
    EXPECT_EQ(place_of(buffer), second);
    EXPECT_EQ(place_of(other), first);
    pool.give_back(buffer);
    pool.give_back(other);
}

TEST(LeasePoolTest, F48_ManyMayBeOutAtOnceAndAllGoBack) {
    // That none leaks, and none is given out twice, is AddressSanitizer's to see as well.
    LeasePool pool(16);
    std::vector<std::byte*> out(1000);
    for (int round = 0; round < 3; ++round) {
        for (std::byte*& buffer : out) buffer = pool.take();
        std::ranges::sort(out);
        EXPECT_EQ(std::ranges::adjacent_find(out), out.end());
        for (std::byte* buffer : out) pool.give_back(buffer);
    }
}

}  // namespace
}  // namespace fivetuple
