#include "fivetuple/blocking/netlink.h"

#include "fivetuple/os/clock.h"

#include "tests/testing/ip_command.h"
#include "tests/testing/own_network.h"
#include "tests/testing/testing.h"
#include <cerrno>
#include <string>
#include <vector>

namespace fivetuple::blocking {
namespace {

using namespace std::chrono_literals;
using netlink::InterfaceAddress;
using netlink::Link;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing_help::in_own_network;
using testing_help::ip;

// What `work` finds wrong in a network of its own that has a cable from v0 to v1.
template <class Work>
void in_a_network(Work work) {
    const std::string outcome = in_own_network([&]() -> std::string {
        if (!ip("link add v0 type veth peer name v1")) return "ip(8) does not work";
        {
            const testing_help::NoDescriptorLeaks no_leaks;
            work();
        }
        return ::testing::Test::HasFailure() ? "it failed" : "ok";
    });
    if (outcome == testing_help::kNoOwnNetwork) GTEST_SKIP() << "this user may not make networks";
    EXPECT_EQ(outcome, "ok");
}

Time in(Duration limit) { return after(monotonic_now(), limit); }

InterfaceAddress an_address() {
    InterfaceAddress address;
    address.address = IpAddress(IpAddress::V4Bytes{10, 1, 0, 1});
    address.prefix = 24;
    address.interface = netlink::interface_index("v0").value();
    return address;
}

TEST(BlockingNetlink, B3_ListsAndChangesWithoutALoop) {
    in_a_network([] {
        auto socket = NetlinkSocket::open().value();
        ASSERT_TRUE(socket.ask(netlink::add(an_address()), in(20s)));
        EXPECT_THAT(testing_help::ip_addresses(), Contains("10.1.0.1/24 global v0 v0"));
        const auto again = socket.ask(netlink::add(an_address()), in(20s));
        EXPECT_TRUE(again.error().is(EEXIST)) << again.error().message();
        netlink::LinkChange up;
        up.is_up = true;
        ASSERT_TRUE(socket.ask(netlink::change(Link::named("v0"), up)));
        ASSERT_TRUE(socket.ask(netlink::change(Link::named("v1"), up)));
        const auto links = socket.list<Link>(in(20s));
        ASSERT_TRUE(links);
        EXPECT_EQ(links->size(), testing_help::ip_links().size());
        const auto way = socket.route_to(IpAddress(IpAddress::V4Bytes{10, 1, 0, 9}), in(20s));
        ASSERT_TRUE(way) << way.error().message();
        EXPECT_EQ(way->source, an_address().address);
        EXPECT_EQ(way->interface, an_address().interface);
        const auto nowhere = socket.route_to(IpAddress(IpAddress::V4Bytes{10, 2, 0, 9}));
        EXPECT_TRUE(nowhere.error().is(ENETUNREACH)) << nowhere.error().message();
    });
}

TEST(BlockingNetlink, B3_TellsEventsUntilItsDeadline) {
    in_a_network([] {
        auto events = NetlinkEvents::open().value();
        const auto none = events.next(in(10ms));
        ASSERT_FALSE(none);
        EXPECT_TRUE(none.error().is_deadline());
        EXPECT_EQ(none.error().call(), "recvmsg");
        ip("addr add 10.1.0.1/24 dev v0");
        const auto event = events.next(in(20s));
        ASSERT_TRUE(event) << event.error().message();
        EXPECT_EQ(event->to_string(), "added inet 10.1.0.1/24 scope global v0");
        ip("addr del 10.1.0.1/24 dev v0");
        EXPECT_THAT(events.next(in(20s))->to_string(), HasSubstr("removed inet 10.1.0.1/24"));
    });
}

TEST(BlockingNetlink, B3_AProtocolThatThisKernelLacksIsAnError) {
    const testing_help::NoDescriptorLeaks no_leaks;
    const auto none = NetlinkSocket::open(static_cast<netlink::Protocol>(31));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().message(), "socket netlink: Protocol not supported");
}

// Takes what comes and wants it all once more.
class Counted : public netlink::Sink {
public:
    Result<void> take(const netlink::Message&) override {
        ++messages;
        return {};
    }
    void restart() override { ++restarts; }

    int messages = 0;
    int restarts = 0;
};

TEST(BlockingNetlink, B3_AnswersOfAnyKindGoToASink) {
    in_a_network([] {
        auto socket = NetlinkSocket::open().value();
        Counted counted;
        ASSERT_TRUE(socket.ask(Link::list(), counted));
        EXPECT_EQ(counted.messages, static_cast<int>(testing_help::ip_links().size()));
        EXPECT_EQ(counted.restarts, 0);
    });
}

TEST(BlockingNetlink, B3_WhatDoesNotFitIsAnErrorAndTheNextListWorks) {
    in_a_network([] {
        auto opened = netlink::open_socket(netlink::Protocol::route).value();
        netlink::ReceiveRoom small(64);
        Counted counted;
        netlink::Request request = Link::list();
        const auto done = netlink::converse(opened, small, request, counted);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().cause(), Cause::limit);
        EXPECT_THAT(done.error().message(), HasSubstr("bytes came, and the buffer holds 64"));
        netlink::ReceiveRoom room;
        EXPECT_TRUE(netlink::converse(opened, room, request, counted));
    });
}

}  // namespace
}  // namespace fivetuple::blocking
