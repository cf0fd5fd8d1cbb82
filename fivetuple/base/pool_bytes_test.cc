#include "fivetuple/base/pool_bytes.h"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

namespace fivetuple {
namespace {

TEST(PoolBytes, GetAHeaderInPlaceAndLoseItAgain) {
    PoolBytes bytes = PoolBytes::copy_of(bytes_of("payload"), 8);
    const std::byte* const there = bytes.bytes().data();
    ASSERT_EQ(bytes.front_room(), 8u);
    bytes.grow_front(5);
    std::memcpy(bytes.bytes().data(), "head ", 5);
    EXPECT_EQ(text_of(bytes.bytes()), "head payload");
    bytes.drop_front(5);
    bytes.keep(3);
    EXPECT_EQ(text_of(bytes.bytes()), "pay");
    EXPECT_EQ(bytes.bytes().data(), there) << "nothing was moved";
    EXPECT_EQ(bytes.front_room(), 8u);
}

TEST(PoolBytes, GrowBehindWhereThereIsRoom) {
    PoolBytes bytes = PoolBytes::copy_of(bytes_of("ab"));
    ASSERT_GE(bytes.back_room(), 2u);
    bytes.grow_back(2);
    std::memcpy(bytes.bytes().data() + 2, "cd", 2);
    EXPECT_EQ(text_of(bytes.bytes()), "abcd");
}

TEST(PoolBytes, AreMovedWithTheirRoomAndLeaveNothing) {
    PoolBytes bytes = PoolBytes::copy_of(bytes_of("text"), 16);
    PoolBytes moved = std::move(bytes);
    EXPECT_EQ(text_of(moved.bytes()), "text");
    EXPECT_EQ(moved.front_room(), 16u);
    PoolBytes other(3);
    other = std::move(moved);
    EXPECT_EQ(text_of(other.bytes()), "text");
    EXPECT_TRUE(PoolBytes().empty());
    EXPECT_TRUE(PoolBytes::copy_of({}).bytes().empty());
}

TEST(PoolBytes, GiveTheirBlockBack) {
    const auto before = pool_stats().in_use;
    {
        PoolBytes one(1000);
        PoolBytes other(1000, 100);
        one = std::move(other);
    }
    EXPECT_EQ(pool_stats().in_use, before);
}

}  // namespace
}  // namespace fivetuple
