#include "fivetuple/os/fd.h"

#include <fcntl.h>

#include "tests/testing/testing.h"
#include <cerrno>
#include <type_traits>

namespace fivetuple {
namespace {

using testing_help::NoDescriptorLeaks;

static_assert(sizeof(Fd) == sizeof(int));
static_assert(!std::is_copy_constructible_v<Fd> && !std::is_copy_assignable_v<Fd>);
static_assert(std::is_nothrow_move_constructible_v<Fd>);

int open_something() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }
bool is_open(int number) { return ::fcntl(number, F_GETFD) >= 0; }

TEST(Fd, ClosesAtItsEnd) {
    const int number = open_something();
    {
        const Fd fd(number);
        EXPECT_TRUE(fd);
        EXPECT_EQ(fd.raw(), number);
        EXPECT_TRUE(is_open(number));
    }
    EXPECT_FALSE(is_open(number));
}

TEST(Fd, OneThatHasNoneClosesNothing) {
    const NoDescriptorLeaks none;
    const Fd empty;
    EXPECT_FALSE(empty);
    EXPECT_EQ(empty.raw(), -1);
    const Fd failed(-1);
    EXPECT_FALSE(failed);
}

TEST(Fd, ZeroIsADescriptorToo) {
    Fd zero(0);
    EXPECT_TRUE(zero);
    EXPECT_EQ(zero.release(), 0);
}

TEST(Fd, MovingLeavesNothingBehindThatCouldCloseTheNextOneOfItsNumber) {
    const NoDescriptorLeaks none;
    const int number = open_something();
    {
        Fd first(number);
        {
            const Fd second(std::move(first));
        }
        ASSERT_EQ(open_something(), number) << "the lowest free number is given again";
    }
    EXPECT_TRUE(is_open(number));
    const Fd last(number);
}

TEST(Fd, AssigningClosesWhatWasThereBefore) {
    const NoDescriptorLeaks none;
    const int old_number = open_something();
    Fd fd(old_number);
    const int new_number = open_something();
    fd = Fd(new_number);
    EXPECT_FALSE(is_open(old_number));
    EXPECT_TRUE(is_open(new_number));
    EXPECT_EQ(fd.raw(), new_number);
    fd = Fd();
    EXPECT_FALSE(is_open(new_number));
}

TEST(Fd, AssigningItToItselfChangesNothing) {
    Fd fd(open_something());
    const int number = fd.raw();
    Fd& itself = fd;
    fd = std::move(itself);
    EXPECT_EQ(fd.raw(), number);
    EXPECT_TRUE(is_open(number));
}

TEST(Fd, ReleasingGivesItUpWithoutClosing) {
    Fd fd(open_something());
    const int number = fd.release();
    EXPECT_FALSE(fd);
    EXPECT_TRUE(is_open(number));
    Fd other(number);
    fd.swap(other);
    EXPECT_EQ(fd.raw(), number);
    EXPECT_FALSE(other);
}

}  // namespace
}  // namespace fivetuple
