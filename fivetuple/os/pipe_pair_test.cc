#include "fivetuple/os/pipe_pair.h"

#include "fivetuple/os/pages.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/testing/testing.h"
#include <algorithm>
#include <utility>

namespace fivetuple {
namespace {

TEST(PipePair, IsAsLargeAsTheSystemAllowsAndNeverBlocks) {
    const testing_help::NoDescriptorLeaks no_leaks;
    const auto small = PipePair::open(std::size_t{64} * 1024);
    ASSERT_TRUE(small) << small.error().message();
    EXPECT_GE(small->size, std::size_t{4096});
    EXPECT_NE(::fcntl(small->read_end.raw(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(small->write_end.raw(), F_GETFD) & FD_CLOEXEC, 0);
    char byte = 0;
    EXPECT_EQ(::read(small->read_end.raw(), &byte, 1), -1);
    // More than anybody may have is not refused whole.
    const auto large = PipePair::open(std::size_t{1} << 40);
    ASSERT_TRUE(large) << large.error().message();
    EXPECT_GE(large->size, std::size_t{4096});
    EXPECT_TRUE(PipePair::open(0));
}

TEST(PipePool, KeepsSoManyAndGivesTheLastOneFirst) {
    const testing_help::NoDescriptorLeaks no_leaks;
    PipePool pool(4096, 1);
    auto one = pool.take();
    auto other = pool.take();
    ASSERT_TRUE(one && other);
    const int number = one->read_end.raw();
    pool.give_back(*std::move(one));
    pool.give_back(*std::move(other));
    EXPECT_EQ(pool.free(), 1u);
    const auto again = pool.take();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->read_end.raw(), number);
    EXPECT_EQ(pool.free(), 0u);
}

TEST(Pages, AreWholePagesAndMoveWithTheirOwner) {
    auto pages = Pages::open(5000);
    ASSERT_TRUE(pages) << pages.error().message();
    EXPECT_EQ(pages->bytes().size() % 4096, 0u);
    EXPECT_GE(pages->bytes().size(), 5000u);
    EXPECT_TRUE(std::ranges::all_of(pages->bytes(), [](std::byte b) { return b == std::byte{}; }));
    std::ranges::fill(pages->bytes(), std::byte{1});
    const Pages moved = *std::move(pages);
    EXPECT_EQ(moved.bytes().back(), std::byte{1});
    EXPECT_FALSE(Pages());
    const auto none = Pages::open(SIZE_MAX / 2);
    EXPECT_TRUE(!none && none.error().is(ENOMEM));
}

}  // namespace
}  // namespace fivetuple
