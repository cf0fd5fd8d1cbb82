#include "fivetuple/base/lease.h"

#include "tests/testing/testing.h"
#include <array>
#include <utility>
#include <vector>

namespace fivetuple {
namespace {

class NotedSource : public LeaseSource {
public:
    void give_back(std::byte* buffer, std::uint32_t id) override {
        EXPECT_EQ(buffer, room.data() + id);
        given_back.push_back(id);
    }
    Lease lend(std::uint32_t id, std::uint32_t size) { return {this, room.data() + id, size, id}; }

    std::array<std::byte, 16> room{};
    std::vector<std::uint32_t> given_back;
};

TEST(LeaseTest, GoesBackOnceWhenItEnds) {
    NotedSource source;
    {
        const Lease lease = source.lend(3, 5);
        EXPECT_EQ(lease.size(), 5u);
        EXPECT_FALSE(lease.empty());
        EXPECT_EQ(lease.bytes().data(), source.room.data() + 3);
        EXPECT_TRUE(source.given_back.empty());
    }
    EXPECT_EQ(source.given_back, std::vector<std::uint32_t>{3});
}

TEST(LeaseTest, AnEmptyOneHoldsNothing) {
    const Lease lease;
    EXPECT_TRUE(lease.empty());
    EXPECT_TRUE(lease.bytes().empty());
}

TEST(LeaseTest, MovesWithItsDuty) {
    NotedSource source;
    {
        Lease first = source.lend(1, 2);
        Lease second = std::move(first);
        EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that it is so is promised.
        EXPECT_EQ(second.size(), 2u);
        Lease third = source.lend(4, 1);
        third = std::move(second);
        EXPECT_EQ(source.given_back, std::vector<std::uint32_t>{4}) << "what it held goes back";
        EXPECT_EQ(third.size(), 2u);
        Lease& same = third;
        third = std::move(same);
        EXPECT_EQ(third.size(), 2u);
    }
    EXPECT_EQ(source.given_back, (std::vector<std::uint32_t>{4, 1}));
}

TEST(LeaseTest, TheDutyCanBeHandedOn) {
    NotedSource source;
    LeaseSource* owner = nullptr;
    std::byte* buffer = nullptr;
    std::uint32_t id = 0;
    {
        Lease lease = source.lend(2, 7);
        std::move(lease).release(owner, buffer, id);
        EXPECT_TRUE(lease.empty());  // NOLINT(bugprone-use-after-move)
    }
    EXPECT_TRUE(source.given_back.empty());
    ASSERT_EQ(owner, &source);
    owner->give_back(buffer, id);
    EXPECT_EQ(source.given_back, std::vector<std::uint32_t>{2});
    Lease().release(owner, buffer, id);
    EXPECT_EQ(owner, nullptr);
}

TEST(LeaseTest, ItsBytesMayBeChanged) {
    NotedSource source;
    Lease lease = source.lend(0, 2);
    lease.bytes()[1] = std::byte{9};
    EXPECT_EQ(source.room[1], std::byte{9});
}

}  // namespace
}  // namespace fivetuple
