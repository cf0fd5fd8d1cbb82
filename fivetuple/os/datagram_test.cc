#include "fivetuple/os/datagram.h"

#include <linux/errqueue.h>
#include <sys/socket.h>

#include "tests/testing/testing.h"
#include <array>
#include <cstdint>
#include <ctime>
#include <span>

namespace fivetuple {
namespace {

using namespace std::chrono_literals;

using Stamps = std::array<timespec, 3>;

ControlMessage as_message(int type, std::span<const timespec> stamps) {
    return {SOL_SOCKET, type, std::as_bytes(stamps)};
}

TEST(TimeOfReceipt, IsThatOfTheKernel) {
    const std::array<timespec, 1> stamp{{{1'700'000'000, 999'999'999}}};
    DatagramDetails details;
    ASSERT_TRUE(details.read(as_message(SCM_TIMESTAMPNS, stamp)));
    EXPECT_EQ(details.received_at, WallTime(1'700'000'000s + 999'999'999ns));
}

TEST(TimeOfReceipt, IsAbsentWhereNoCountOfNanosecondsHoldsIt) {
    for (const timespec& beyond : {timespec{INT64_MAX, 0}, timespec{INT64_MIN, 0}, timespec{-1, 0},
                                   timespec{1, -1}, timespec{1, 1'000'000'000}}) {
        DatagramDetails details;
        EXPECT_TRUE(details.read(as_message(SCM_TIMESTAMPNS, std::span(&beyond, 1))));
        EXPECT_EQ(details.received_at, std::nullopt) << beyond.tv_sec << ' ' << beyond.tv_nsec;
    }
}

TEST(TimeOfSending, IsTheFirstOfThree) {
    const Stamps stamps{{{1'700'000'000, 5}, {7, 7}, {9, 9}}};
    DatagramFailure told;
    ASSERT_TRUE(told.read(as_message(SCM_TIMESTAMPING, stamps)));
    ASSERT_TRUE(told.sent);
    EXPECT_EQ(told.sent->at, WallTime(1'700'000'000s + 5ns));
}

TEST(TimeOfSending, IsAbsentWhereNoCountOfNanosecondsHoldsIt) {
    for (const timespec& beyond : {timespec{INT64_MAX, 0}, timespec{-3'098'476'541'930'934'016, 0},
                                   timespec{1, 1'000'000'000}}) {
        DatagramFailure told;
        EXPECT_FALSE(told.read(as_message(SCM_TIMESTAMPING, Stamps{beyond})));
        EXPECT_FALSE(told.sent);
    }
}

TEST(TimeOfSending, IsAbsentWhereTheMessageIsCut) {
    const Stamps stamps{{{1'700'000'000, 5}, {}, {}}};
    DatagramFailure told;
    EXPECT_FALSE(told.read(as_message(SCM_TIMESTAMPING, std::span(stamps).first(2))));
    EXPECT_FALSE(told.sent);
}

}  // namespace
}  // namespace fivetuple
