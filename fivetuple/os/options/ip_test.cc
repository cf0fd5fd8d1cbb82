#include "fivetuple/os/options/ip.h"

#include "fivetuple/os/options/ipv6.h"

#include "tests/testing/option_checks.h"
#include "tests/testing/own_network.h"

namespace fivetuple {
namespace {

using testing_help::connected_kind;
using testing_help::expect_kept;
using testing_help::expect_no_such_option;
using testing_help::expect_out_of_range;
using testing_help::in_own_network;
using testing_help::open_kind;

TEST(IpOptions, SwitchesAreKept) {
    expect_kept<BindAddressNoPort>({{true}, {false}});
    expect_kept<FreeBind>({{true}, {false}});
    expect_kept<ReceiveErrors>({{true}, {false}});
    expect_kept<ReceivePacketInfo>({{true}, {false}});
    expect_kept<ReceiveTtl>({{true}, {false}});
    expect_kept<ReceiveTos>({{true}, {false}});
    expect_kept<ReceiveOriginalAddress>({{true}, {false}});
    if (::geteuid() == 0) expect_kept<Transparent>({{true}, {false}});
}

TEST(IpOptions, TheirTwinsOfIpv6AreKept) {
    expect_kept<V6Only>({{true}, {false}});
    expect_kept<V6FreeBind>({{true}, {false}});
    expect_kept<V6ReceiveErrors>({{true}, {false}});
    expect_kept<V6ReceivePacketInfo>({{true}, {false}});
    expect_kept<V6ReceiveHopLimit>({{true}, {false}});
    expect_kept<V6ReceiveTrafficClass>({{true}, {false}});
    expect_kept<V6ReceiveOriginalAddress>({{true}, {false}});
    expect_kept<V6DontFragment>({{true}, {false}});
    if (::geteuid() == 0) expect_kept<V6Transparent>({{true}, {false}});
}

TEST(IpOptions, FiguresAreKept) {
    expect_kept<TimeToLive>({{1}, {255}});
    expect_kept<MinTtl>({{0}, {255}});
    expect_kept<V6UnicastHops>({{0}, {255}});
    expect_kept<V6MinHops>({{0}, {255}});
    expect_out_of_range(TimeToLive{256},
                        "setsockopt IP_TTL: 256 hops is out of range, which is from -1 hops to 255 "
                        "hops");
    expect_out_of_range(V6UnicastHops{-2},
                        "setsockopt IPV6_UNICAST_HOPS: -2 hops is out of range, which is from -1 "
                        "hops to 255 hops");
    expect_out_of_range(MinTtl{-1},
                        "setsockopt IP_MINTTL: -1 hops is out of range, which is from 0 hops to "
                        "255 hops");
}

TEST(IpOptions, PathMtuDiscoveryHasAWordForEachWay) {
    expect_kept<MtuDiscovery>({{PathMtu::fragment},
                               {PathMtu::by_route},
                               {PathMtu::forbid},
                               {PathMtu::probe},
                               {PathMtu::interface},
                               {PathMtu::omit}});
    expect_kept<V6MtuDiscovery>({{PathMtu::fragment},
                                 {PathMtu::by_route},
                                 {PathMtu::forbid},
                                 {PathMtu::probe},
                                 {PathMtu::interface},
                                 {PathMtu::omit}});
    EXPECT_EQ(MtuDiscovery{PathMtu::forbid}.to_string(), "forbid");
    EXPECT_EQ(MtuDiscovery{static_cast<PathMtu>(9)}.to_string(), "9");
}

TEST(IpOptions, TheServiceByteHasTwoParts) {
    expect_kept<TypeOfService>({{ServiceByte{.dscp = 46}}, {ServiceByte{.dscp = 0}}}, kUdp | kTcp);
    expect_kept<TypeOfService>({{ServiceByte{.dscp = 10, .ecn = Ecn::capable_0}}},
                               SocketKind::udp_v4);
    expect_kept<V6TrafficClass>({{ServiceByte{.dscp = 46}}, {ServiceByte{.dscp = 0}}});
    expect_kept<V6TrafficClass>({{ServiceByte{.dscp = 63, .ecn = Ecn::congested}}},
                                SocketKind::udp_v6);
    const ServiceByte byte{.dscp = 46, .ecn = Ecn::capable_1};
    EXPECT_EQ(byte.to_byte(), 0xb9);
    EXPECT_EQ(ServiceByte::from_byte(0xb9), byte);
    EXPECT_EQ(byte.to_string(), "dscp 46, ECT(1)");
    expect_out_of_range(TypeOfService{ServiceByte{.dscp = 64}},
                        "setsockopt IP_TOS: 64 is out of range, which is from 0 to 63");
}

TEST(IpOptions, AnMtuBelongsToAConnection) {
    auto lone = open_kind(SocketKind::udp_v4);
    const auto none = get<Mtu>(*lone);
    ASSERT_FALSE(none);
    EXPECT_TRUE(none.error().is(ENOTCONN));
    auto pair = connected_kind(SocketKind::udp_v4);
    EXPECT_EQ(get<Mtu>(pair->first)->value, 65535);  // Loopback has more; IPv4 cannot.
    auto wide = connected_kind(SocketKind::tcp_v6);
    ASSERT_TRUE(wide);
    EXPECT_EQ(get<V6Mtu>(wide->first)->value, 65536);
}

TEST(IpOptions, A10_BindAddressNoPortLeavesThePortToConnect) {
    auto socket = open_kind(SocketKind::tcp_v4);
    ASSERT_TRUE(set(*socket, BindAddressNoPort{}));
    ASSERT_TRUE(socket->bind({IpAddress::loopback_v4(), 0}));
    EXPECT_EQ(socket->local_address()->port(), 0);
}

TEST(IpOptions, FreeBindTakesAnAddressThatIsNobodys) {
    const SocketAddress nobodys = SocketAddress::parse("203.0.113.7:0").value();
    auto socket = open_kind(SocketKind::udp_v4);
    const auto refused = socket->bind(nobodys);
    if (refused) GTEST_SKIP() << "net.ipv4.ip_nonlocal_bind is on here";
    EXPECT_TRUE(refused.error().is(EADDRNOTAVAIL));
    ASSERT_TRUE(set(*socket, FreeBind{}));
    EXPECT_TRUE(socket->bind(nobodys));
}

TEST(IpOptions, B1_V6OnlyDecidesWhetherIpv4IsServed) {
    const auto answer = in_own_network([]() -> std::string {
        for (const bool only : {true, false}) {
            auto listener = open_kind(SocketKind::tcp_v6);
            if (!set(*listener, V6Only{only})) return "not set";
            if (!listener->bind({IpAddress::any_v6(), 0}) || !listener->listen()) return "no bind";
            const std::uint16_t port = listener->local_address()->port();
            const auto client = Socket::connect_to({IpAddress::loopback_v4(), port});
            if (client.has_value() == only) return "wrong";
        }
        return "right";
    });
    if (answer == testing_help::kNoOwnNetwork) GTEST_SKIP() << answer;
    EXPECT_EQ(answer, "right");
}

TEST(IpOptions, TheMinimalTtlTurnsFarPeersAway) {
    auto pair = connected_kind(SocketKind::tcp_v4);
    ASSERT_TRUE(set(pair->second, MinTtl{255}));
    // What comes with fewer hops left does not count: the sender waits for an answer in vain.
    ASSERT_TRUE(set(pair->first, TimeToLive{64}));
    ASSERT_TRUE(pair->first.write_some(bytes_of("far")));
    std::array<std::byte, 8> room{};
    const auto nothing = pair->second.read_some(room, Time{});
    EXPECT_FALSE(nothing.has_value());
    // A peer next door sends 255; its retransmission comes through.
    ASSERT_TRUE(set(pair->first, TimeToLive{255}));
    EXPECT_EQ(pair->second.read_some(room).value(), 3U);
}

TEST(IpOptions, OptionsOfIpv6AreNotForIpv4) {
    expect_no_such_option(V6Only{}, SocketKind::tcp_v4,
                          "setsockopt IPV6_V6ONLY: a TCP socket over IPv4 has no such option; it "
                          "is for: TCP over IPv6, UDP over IPv6, MPTCP over IPv6");
    expect_no_such_option(TimeToLive{3}, SocketKind::unix_datagram,
                          "setsockopt IP_TTL: a Unix datagram socket has no such option; it is "
                          "for: TCP, UDP, raw IPv4");
}

}  // namespace
}  // namespace fivetuple
