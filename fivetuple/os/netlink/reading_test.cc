#include "fivetuple/os/netlink/event.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "tests/testing/testing.h"
#include <memory>
#include <string>
#include <variant>
#include <vector>

// What is read from messages that nobody asked a kernel for, with lies in them.
namespace fivetuple::netlink {
namespace {

using ::testing::HasSubstr;

// A request can be read as the message that it is.
class Written {
public:
    explicit Written(Request request) : request_(std::move(request)) {
        const Bytes bytes = request_.to_send(1).value();
        EXPECT_TRUE(MessageReader(bytes).next(message_).value());
    }
    const Message& message() const { return message_; }

private:
    Request request_;
    Message message_;
};

TEST(NetlinkReading, B3_WhatIsWrittenIsReadBack) {
    Route route;
    route.destination = IpAddress::parse("10.3.0.0").value();
    route.prefix = 16;
    route.metric = 9;
    route.table = 1000;
    route.origin = RouteOrigin::administrator;
    route.source = IpAddress::parse("10.1.0.1").value();
    route.ways = {{IpAddress::parse("10.1.0.3").value(), 77, 2}, {std::nullopt, 78, 256}};
    const Written written(add(route));
    const auto read = Route::read(written.message()).value();
    ASSERT_TRUE(read);
    EXPECT_EQ(read->ways, route.ways);
    EXPECT_EQ(read->to_string(),
              "10.3.0.0/16 table 1000 proto static src 10.1.0.1 metric 9 nexthop via 10.1.0.3 dev "
              "if77 weight 2 nexthop dev if78 weight 256");
    Neighbor neighbor;
    neighbor.address = IpAddress::parse("fe80::7").value();
    neighbor.interface = 77;
    neighbor.hardware = HardwareAddress::parse("02:00:00:00:00:07").value();
    const auto known = Neighbor::read(Written(add(neighbor)).message()).value();
    ASSERT_TRUE(known);
    EXPECT_EQ(known->address.scope(), 77u) << "a link-local address is one of its link";
    EXPECT_EQ(known->hardware, neighbor.hardware);
}

TEST(NetlinkReading, B3_AnAttributeOfAWrongSizeIsANamedError) {
    Request link(RTM_NEWLINK, Asks::answer, "TEST");
    link.header(ifinfomsg{}).add(IFLA_MTU, std::uint16_t{1500});
    EXPECT_EQ(Link::read(Written(link).message()).error().message(),
              "netlink: attribute 4 has 2 bytes, not 4");
    Request short_counts(RTM_NEWLINK, Asks::answer, "TEST");
    short_counts.header(ifinfomsg{}).add(IFLA_STATS64, std::uint64_t{1});
    EXPECT_EQ(Link::read(Written(short_counts).message()).error().message(),
              "netlink: attribute 23 has 8 bytes, not 64");
    Request long_address(RTM_NEWLINK, Asks::answer, "TEST");
    long_address.header(ifinfomsg{}).add(IFLA_ADDRESS, Bytes(std::vector<std::byte>(33)));
    EXPECT_EQ(Link::read(Written(long_address).message()).error().cause(), Cause::limit);
}

TEST(NetlinkReading, B3_ANextHopWhoseLengthLiesIsANamedError) {
    for (const std::uint16_t length : {0, 7, 13, 65535}) {
        Request request(RTM_NEWROUTE, Asks::answer, "TEST");
        rtmsg header{};
        header.rtm_family = AF_INET;
        rtnexthop way{};
        way.rtnh_len = length;
        std::vector<std::byte> ways(12);
        std::memcpy(ways.data(), &way, sizeof way);
        request.header(header).add(RTA_MULTIPATH, Bytes(ways));
        EXPECT_EQ(Route::read(Written(request).message()).error().message(),
                  "netlink: a next hop says that it has " + std::to_string(length) +
                      " bytes, where 12 are left");
    }
}

TEST(NetlinkReading, B3_AnAddressWithoutAnAddressAndARouteOfTwoFamiliesAreErrors) {
    Request address(RTM_NEWADDR, Asks::answer, "TEST");
    address.header(std::array<std::uint8_t, 8>{AF_INET, 24});
    EXPECT_EQ(InterfaceAddress::read(Written(address).message()).error().message(),
              "netlink: an address has no address");
    Request route(RTM_NEWROUTE, Asks::answer, "TEST");
    rtmsg header{};
    header.rtm_family = AF_INET;
    route.header(header).add(RTA_DST, IpAddress::loopback_v6());
    EXPECT_THAT(Route::read(Written(route).message()).error().message(),
                HasSubstr("or is of another family than the route"));
}

TEST(NetlinkReading, B3_WhatIsAboutSomethingElseIsNothing) {
    const Written link(Link::list());
    EXPECT_FALSE(Link::read(link.message()).value());
    const Written address(add(InterfaceAddress{}));
    EXPECT_FALSE(Link::read(address.message()).value());
    EXPECT_FALSE(Route::read(address.message()).value());
    EXPECT_FALSE(Neighbor::read(address.message()).value());
}

TEST(NetlinkReading, B3_AnObserverTellsWhatIsNewFromWhatHasChanged) {
    Observer observer;
    InterfaceAddress address;
    address.address = IpAddress(IpAddress::V4Bytes{10, 1, 0, 1});
    address.prefix = 24;
    address.interface = 77;
    Request there = add(address);
    Request gone = remove(address);
    const auto told = [&observer](Request& request) {
        Event event;
        observer.begin(request.to_send(0).value());
        EXPECT_TRUE(observer.next(event).value());
        EXPECT_TRUE(std::holds_alternative<InterfaceAddress>(event.subject));
        Event more;
        EXPECT_FALSE(observer.next(more).value());
        return event.change;
    };
    EXPECT_EQ(told(there), Change::added);
    EXPECT_EQ(told(there), Change::changed);
    EXPECT_EQ(told(gone), Change::removed);
    EXPECT_EQ(told(there), Change::added);
}

}  // namespace
}  // namespace fivetuple::netlink
