#include "fivetuple/io/backends/lease_pool.h"

#include "tests/testing/testing.h"
#include <algorithm>
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

TEST(LeasePoolTest, TheOneUsedLastIsGivenOutFirst) {
    LeasePool pool(16);
    std::byte* const first = pool.take();
    std::byte* const second = pool.take();
    EXPECT_NE(first, second);
    pool.give_back(first);
    pool.give_back(second);
    std::byte* const third = pool.take();
    std::byte* const fourth = pool.take();
    EXPECT_EQ(third, second);
    EXPECT_EQ(fourth, first);
    pool.give_back(third);
    pool.give_back(fourth);
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
