#include "fivetuple/os/options/multicast.h"

#include "fivetuple/os/clock.h"
#include "fivetuple/os/options/socket.h"

#include "tests/testing/option_checks.h"
#include "tests/testing/own_network.h"

namespace fivetuple {
namespace {

using testing_help::add_cable;
using testing_help::expect_kept;
using testing_help::in_own_network;
using testing_help::open_kind;
using namespace std::chrono_literals;

constexpr const char* kNoDevice = "no veth devices here";

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

TEST(MulticastOptions, SwitchesAndFiguresAreKept) {
    expect_kept<MulticastLoop>({{true}, {false}}, SocketKind::udp_v4 | SocketKind::udp_v6);
    expect_kept<V6MulticastLoop>({{true}, {false}});
    expect_kept<MulticastTtl>({{0}, {255}}, SocketKind::udp_v4 | SocketKind::udp_v6);
    expect_kept<V6MulticastHops>({{0}, {255}});
    expect_kept<MulticastAll>({{true}, {false}});
    expect_kept<V6MulticastAll>({{true}, {false}});
    expect_kept<V6MulticastInterface>({{0}, {1}});
}

TEST(MulticastOptions, AnInterfaceIsGivenByAddressOrIndex) {
    auto socket = open_kind(SocketKind::udp_v4);
    EXPECT_EQ(get<MulticastInterface>(*socket)->to_string(), "any interface");
    ASSERT_TRUE(set(*socket, MulticastInterface{{.address = ip("127.0.0.1")}}));
    EXPECT_EQ(get<MulticastInterface>(*socket)->via.address, ip("127.0.0.1"));
    const auto lo = MulticastVia::device("lo");
    ASSERT_TRUE(lo);
    EXPECT_EQ(lo->to_string(), "lo");
    EXPECT_TRUE(set(*socket, MulticastInterface{*lo}));
    const auto none = MulticastVia::device("no-such-device");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().message(), "if_nametoindex no-such-device: No such device");
    EXPECT_FALSE(set(*socket, MulticastInterface{{.address = ip("::1")}}));
}

TEST(MulticastOptions, WhatIsNoGroupIsRefused) {
    auto v4 = open_kind(SocketKind::udp_v4);
    auto v6 = open_kind(SocketKind::udp_v6);
    EXPECT_EQ(set(*v4, JoinGroup{ip("10.0.0.1")}).error().message(),
              "setsockopt IP_ADD_MEMBERSHIP: 10.0.0.1 is not a group's address");
    EXPECT_EQ(set(*v6, JoinGroup{ip("fe80::1")}).error().message(),
              "setsockopt IPV6_JOIN_GROUP: fe80::1 is not a group's address");
    EXPECT_EQ(set(*v6, JoinGroup{ip("ff02::1"), {.address = ip("::1")}}).error().message(),
              "setsockopt IPV6_JOIN_GROUP: name an IPv6 interface by its index");
    EXPECT_EQ(set(*v4, JoinSource{ip("232.1.2.3"), ip("::1")}).error().message(),
              "setsockopt MCAST_JOIN_SOURCE_GROUP: group and source are not of one family");
}

TEST(MulticastOptions, LeavingAGroupThatIsNotJoinedIsAnError) {
    const MulticastVia lo = MulticastVia::device("lo").value();
    auto socket = open_kind(SocketKind::udp_v4);
    const auto left = set(*socket, LeaveGroup{ip("239.1.2.3"), lo});
    ASSERT_FALSE(left);
    EXPECT_TRUE(left.error().is(EADDRNOTAVAIL)) << left.error().message();
    EXPECT_EQ(left.error().subject(), "IP_DROP_MEMBERSHIP");
}

TEST(MulticastOptions, JoiningTwiceIsAnError) {
    const MulticastVia lo = MulticastVia::device("lo").value();
    auto socket = open_kind(SocketKind::udp_v4);
    ASSERT_TRUE(set(*socket, JoinGroup{ip("239.1.2.3"), lo}));
    EXPECT_TRUE(set(*socket, JoinGroup{ip("239.1.2.3"), lo}).error().is(EADDRINUSE));
    EXPECT_TRUE(set(*socket, LeaveGroup{ip("239.1.2.3"), lo}));
}

// One socket that listens to a group on a device, and one that sends to it.
struct Room {
    Socket listener;
    Socket sender;
    SocketAddress to;
};

Room room_for(const IpAddress& group, const MulticastVia& via) {
    const bool is_v4 = group.is_v4();
    Room room;
    room.listener = *open_kind(is_v4 ? SocketKind::udp_v4 : SocketKind::udp_v6);
    room.sender = *open_kind(is_v4 ? SocketKind::udp_v4 : SocketKind::udp_v6);
    const IpAddress any = is_v4 ? IpAddress::any_v4() : IpAddress::any_v6();
    if (!room.listener.bind({any, 0})) return room;
    room.to = {group, room.listener.local_address()->port()};
    if (is_v4) {
        static_cast<void>(set(room.listener, MulticastAll{false}));
        static_cast<void>(set(room.sender, MulticastInterface{via}));
        static_cast<void>(room.sender.bind({IpAddress::loopback_v4(), 0}));
    } else {
        static_cast<void>(set(room.listener, V6MulticastAll{false}));
        static_cast<void>(set(room.sender, V6MulticastInterface{static_cast<int>(via.index)}));
        static_cast<void>(room.sender.bind({ip("fd00::1"), 0}));
    }
    static_cast<void>(room.sender.connect(room.to));
    return room;
}

// What will never come is waited for a moment only; mostly what comes is there at once.
bool is_heard(Room& room, bool is_expected = true) {
    if (!room.sender.write_some(bytes_of("hello"))) return false;
    std::array<std::byte, 16> bytes{};
    const Duration limit = is_expected ? 20s : 20ms;
    return room.listener.read_some(bytes, monotonic_now() + limit).has_value();
}

// IPv4 has the loopback device, IPv6 an end of a cable.
Result<MulticastVia> device_for(const IpAddress& group) {
    if (group.is_v4()) return MulticastVia::device("lo");
    if (!add_cable()) return std::unexpected(Error::unsupported("ip", "no veth devices"));
    return MulticastVia::device("v0");
}

std::string join_and_leave(const IpAddress& group) {
    const auto via = device_for(group);
    if (!via) return kNoDevice;
    Room room = room_for(group, *via);
    if (is_heard(room, false)) return "heard without joining";
    if (!set(room.listener, JoinGroup{group, *via})) return "not joined";
    if (!is_heard(room)) return "not heard";
    if (!set(room.listener, LeaveGroup{group, *via})) return "not left";
    return is_heard(room, false) ? "heard after leaving" : "right";
}

std::string join_sources(const IpAddress& group, const IpAddress& sender,
                         const IpAddress& stranger) {
    const auto via = device_for(group);
    if (!via) return kNoDevice;
    Room room = room_for(group, *via);
    if (auto done = set(room.listener, JoinSource{group, stranger, *via}); !done) {
        return done.error().message();
    }
    if (is_heard(room, false)) return "a stranger is heard";
    if (!set(room.listener, JoinSource{group, sender, *via})) return "the sender is not joined";
    if (!is_heard(room)) return "the sender is not heard";
    if (!set(room.listener, LeaveSource{group, sender, *via})) return "not left";
    return is_heard(room, false) ? "heard after leaving" : "right";
}

TEST(MulticastOptions, AGroupIsHeardWhileItIsJoined) {
    const auto v4 = in_own_network([] { return join_and_leave(ip("239.1.2.3")); });
    if (v4 == testing_help::kNoOwnNetwork) GTEST_SKIP() << v4;
    EXPECT_EQ(v4, "right");
    const auto v6 = in_own_network([] { return join_and_leave(ip("ff15::1234")); });
    if (v6 == kNoDevice) GTEST_SKIP() << v6;
    EXPECT_EQ(v6, "right");
}

TEST(MulticastOptions, AGroupOfIpv6MayNameItsInterface) {
    const auto answer = in_own_network([]() -> std::string {
        const auto via = device_for(ip("ff12::1234"));
        if (!via) return kNoDevice;
        Room room = room_for(ip("ff12::1234%v0"), *via);
        if (!set(room.listener, JoinGroup{ip("ff12::1234%v0")})) return "not joined";
        return is_heard(room) ? "right" : "not heard";
    });
    if (answer == testing_help::kNoOwnNetwork || answer == kNoDevice) GTEST_SKIP() << answer;
    EXPECT_EQ(answer, "right");
}

TEST(MulticastOptions, ASourceIsHeardAndStrangersAreNot) {
    const auto v4 = in_own_network(
        [] { return join_sources(ip("232.1.2.3"), ip("127.0.0.1"), ip("127.0.0.9")); });
    if (v4 == testing_help::kNoOwnNetwork) GTEST_SKIP() << v4;
    EXPECT_EQ(v4, "right");
    const auto v6 = in_own_network(
        [] { return join_sources(ip("ff35::1234"), ip("fd00::1"), ip("2001:db8::9")); });
    if (v6 == kNoDevice) GTEST_SKIP() << v6;
    EXPECT_EQ(v6, "right");
}

TEST(MulticastOptions, AnInterfaceGivenByItsAddressJoinsSourcesAsWell) {
    const auto answer = in_own_network([]() -> std::string {
        Room room = room_for(ip("232.1.2.3"), {.address = ip("127.0.0.1")});
        const JoinSource join{ip("232.1.2.3"), ip("127.0.0.1"), {.address = ip("127.0.0.1")}};
        if (auto done = set(room.listener, join); !done) return done.error().message();
        return is_heard(room) ? "right" : "not heard";
    });
    if (answer == testing_help::kNoOwnNetwork) GTEST_SKIP() << answer;
    EXPECT_EQ(answer, "right");
}

TEST(MulticastOptions, WithoutTheLoopNobodyHereHears) {
    const auto answer = in_own_network([]() -> std::string {
        const MulticastVia lo = MulticastVia::device("lo").value();
        Room room = room_for(ip("239.1.2.3"), lo);
        if (!set(room.listener, JoinGroup{ip("239.1.2.3"), lo})) return "not joined";
        if (!set(room.sender, MulticastTtl{0})) return "no ttl";
        return is_heard(room) ? "right" : "not heard";
    });
    if (answer == testing_help::kNoOwnNetwork) GTEST_SKIP() << answer;
    EXPECT_EQ(answer, "right");
}

TEST(MulticastOptions, AreSaidInWords) {
    EXPECT_EQ((JoinGroup{ip("239.1.2.3"), {.address = ip("127.0.0.1")}}.to_string()),
              "239.1.2.3 by 127.0.0.1");
    EXPECT_EQ((JoinSource{ip("232.1.2.3"), ip("10.0.0.1")}.to_string()),
              "10.0.0.1 to 232.1.2.3 by any interface");
}

}  // namespace
}  // namespace fivetuple
