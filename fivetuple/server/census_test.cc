#include "fivetuple/server/census.h"

#include <gtest/gtest.h>

#include "tests/testing/testing.h"

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

std::optional<IpAddress> from(std::string_view text) { return *IpAddress::parse(text); }

ServerLimits few() {
    ServerLimits limits;
    limits.connections = 5;
    limits.per_address = 2;
    limits.per_network = 3;
    return limits;
}

TEST(Census, ANetworkIsAnIpv4Slash24OrAnIpv6Slash56) {
    EXPECT_EQ(network_of(*from("10.1.2.3")).to_string(), "10.1.2.0");
    EXPECT_EQ(network_of(*from("2001:db8:1:2345::9")).to_string(), "2001:db8:1:2300::");
}

TEST(Census, F95_AnAddressIsFullBeforeItsNetworkAndThatBeforeAll) {
    Census census(few());
    EXPECT_EQ(census.enter(from("10.0.0.1")), std::nullopt);
    EXPECT_EQ(census.enter(from("10.0.0.1")), std::nullopt);
    EXPECT_EQ(census.enter(from("10.0.0.1")), Reason::address);
    EXPECT_EQ(census.enter(from("10.0.0.2")), std::nullopt);
    EXPECT_EQ(census.enter(from("10.0.0.3")), Reason::network);
    EXPECT_EQ(census.enter(from("10.0.1.1")), std::nullopt);
    EXPECT_EQ(census.enter(std::nullopt), std::nullopt);
    EXPECT_EQ(census.enter(std::nullopt), Reason::connections);
    EXPECT_EQ(census.connections(), 5u);
}

TEST(Census, F126_WhatLeavesIsForgottenWhole) {
    Census census(few());
    for (int round = 0; round < 100; ++round) {
        EXPECT_EQ(census.enter(from("10.0.0.1")), std::nullopt);
        EXPECT_EQ(census.enter(from("2001:db8::1")), std::nullopt);
        census.leave(from("2001:db8::1"));
        census.leave(from("10.0.0.1"));
    }
    EXPECT_EQ(census.connections(), 0u);
    EXPECT_EQ(census.addresses(), 0u);
}

TEST(Census, LoopbackCountsOnlyWhereItIsAskedTo) {
    ServerLimits limits;
    EXPECT_FALSE(Census(limits).counts(*from("127.0.0.1")));
    EXPECT_TRUE(Census(limits).counts(*from("10.0.0.1")));
    limits.count_loopback = true;
    EXPECT_TRUE(Census(limits).counts(*from("::1")));
}

TEST(Census, AllTogetherHoldNoMoreThanTheyMay) {
    ServerLimits limits;
    limits.held_all = 100;
    Census census(limits);
    EXPECT_TRUE(census.hold(60));
    EXPECT_FALSE(census.hold(41));
    EXPECT_FALSE(census.hold(SIZE_MAX));
    EXPECT_TRUE(census.hold(40));
    census.let_go(60);
    EXPECT_EQ(census.held(), 40u);
}

TEST(Pace, SoManyGetThroughInASecondAndATenthAtOnce) {
    Pace pace(100);
    Time now{};
    const Time end = after(now, 10s);
    int through = 0;
    int at_once = 0;
    while (now < end) {
        const Duration wait = pace.next(now);
        through++;
        if (now == Time{} && wait == Duration::zero()) at_once++;
        now += wait;
    }
    EXPECT_NEAR(at_once, 10, 1);
    EXPECT_NEAR(through, 1010, 12);
}

TEST(Pace, WhoComesSlowlyNeverWaits) {
    Pace pace(10);
    Time now{};
    for (int each = 0; each < 100; ++each, now += 100ms) {
        EXPECT_EQ(pace.next(now), Duration::zero()) << each;
    }
    Pace none(ServerLimits::kUnlimited);
    for (int each = 0; each < 100; ++each) EXPECT_EQ(none.next(now), Duration::zero());
}

}  // namespace
}  // namespace fivetuple::testing_help
