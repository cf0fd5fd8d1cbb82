#include "fivetuple/os/calls.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/socket.h"
#include "fivetuple/os/steering.h"

#include <poll.h>
#include <unistd.h>

#include "tests/testing/child.h"
#include "tests/testing/testing.h"
#include "tests/testing/two_hosts.h"
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

// What options change about where a socket is, where its packets go and who gets a connection.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

bool is_readable(const Socket& socket, Duration limit) {
    return calls::wait_ready(socket.fd().raw(), POLLIN, after(monotonic_now(), limit)) > 0;
}

Socket open(SocketType type) { return Socket::open(Family::ipv4, type).value(); }

SocketAddress address(const char* text) { return SocketAddress::parse(text).value(); }

TEST(OptionEffects, E5_J6_ConnectionsAreSpreadOverAGroupThatSharesAPort) {
    std::array<Socket, 4> group;
    SocketAddress at(IpAddress::loopback_v4(), 0);
    for (Socket& each : group) {
        each = open(SocketType::stream);
        EXPECT_TRUE(set(each, ReusePort{}));
        EXPECT_TRUE(each.bind(at));
        EXPECT_TRUE(each.listen());
        at = each.local_address().value();
    }
    std::vector<Socket> clients;
    clients.reserve(200);
    for (int count = 0; count < 200; ++count) clients.push_back(Socket::connect_to(at).value());
    std::size_t accepted = 0;
    for (Socket& each : group) {
        std::size_t own = 0;
        while (is_readable(each, 0s)) {
            EXPECT_TRUE(each.accept().has_value());
            ++own;
        }
        EXPECT_GT(own, 0u);
        EXPECT_LT(own, clients.size());
        accepted += own;
    }
    EXPECT_EQ(accepted, clients.size());
}

Socket join_group(const SocketAddress& at) {
    Socket member = open(SocketType::stream);
    EXPECT_TRUE(set(member, ReusePort{}));
    EXPECT_TRUE(member.bind(at));
    EXPECT_TRUE(member.listen());
    return member;
}

// How many of a hundred connections a stranger gets who joins a group of two.
std::size_t stolen(bool is_steered) {
    std::array<Socket, 2> group;
    SocketAddress at(IpAddress::loopback_v4(), 0);
    for (Socket& each : group) {
        each = join_group(at);
        at = each.local_address().value();
    }
    EXPECT_TRUE(!is_steered || set(group[0], ReusePortSteering{steer_by_peer(group.size())}));
    Socket stranger = join_group(at);
    std::vector<Socket> clients;
    clients.reserve(100);
    for (int count = 0; count < 100; ++count) clients.push_back(Socket::connect_to(at).value());
    std::size_t count = 0;
    while (is_readable(stranger, 0s)) {
        EXPECT_TRUE(stranger.accept().has_value());
        ++count;
    }
    return count;
}

TEST(OptionEffects, I1_WhoJoinsASharedPortStealsFromItUnlessItIsSteered) {
    EXPECT_GT(stolen(false), 0u);
    EXPECT_EQ(stolen(true), 0u);
}

TEST(OptionEffects, I1_AnotherUserCannotJoinASharedPort) {
    if (::geteuid() != 0) GTEST_SKIP() << "becoming another user needs a privilege";
    const Socket member = join_group({IpAddress::loopback_v4(), 0});
    const SocketAddress at = member.local_address().value();
    const std::string said = in_child([&] {
        if (::setuid(65'534) != 0) return std::string("still the same user");
        Socket stranger = open(SocketType::stream);
        if (!set(stranger, ReusePort{})) return std::string("no SO_REUSEPORT");
        const auto bound = stranger.bind(at);
        return std::string(bound ? "joined" : bound.error().is(EADDRINUSE) ? "in use" : "failed");
    });
    EXPECT_EQ(said, "in use");
}

TEST(OptionEffects, E5_ASocketBoundToADeviceHearsNothingThroughAnother) {
    on_own_network([] {
        ASSERT_EQ(std::system("ip link add d0 type veth peer name d1 && ip link set d0 up"), 0);
        for (const char* device : {"lo", "d0"}) {
            Socket there = open(SocketType::datagram);
            EXPECT_TRUE(set(there, BindToDevice{{device}}));
            EXPECT_TRUE(there.bind(address("0.0.0.0:0")));
            Socket here = open(SocketType::datagram);
            const SocketAddress to(IpAddress::loopback_v4(), there.local_address()->port());
            EXPECT_TRUE(here.connect(to));
            EXPECT_TRUE(here.write_all(bytes_of("x")));
            const bool is_lo = std::string_view(device) == "lo";
            EXPECT_EQ(is_readable(there, is_lo ? 20s : 50ms), is_lo) << device;
        }
    });
}

TEST(OptionEffects, E5_FreeBindTakesAnAddressBeforeItIsThere) {
    on_own_network([] {
        const SocketAddress at = address("10.9.9.9:7000");
        Socket listener = open(SocketType::stream);
        EXPECT_TRUE(listener.bind(at).error().is(EADDRNOTAVAIL));
        EXPECT_TRUE(set(listener, FreeBind{}));
        EXPECT_TRUE(listener.bind(at));
        EXPECT_TRUE(listener.listen());
        // When it comes, the listener serves it.
        EXPECT_EQ(std::system("ip addr add 10.9.9.9/32 dev lo"), 0);
        EXPECT_TRUE(Socket::connect_to(at, after(monotonic_now(), 20s)).has_value());
    });
}

TEST(OptionEffects, E5_RulesOfRoutingSeeTheMark) {
    on_own_network([] {
        // The rule must stand before the one that knows local addresses.
        ASSERT_EQ(std::system("ip rule add pref 20 table local && ip rule del pref 0 && "
                              "ip rule add pref 10 fwmark 7 prohibit"),
                  0);
        auto listener = Socket::listen_on({IpAddress::loopback_v4(), 0});
        const SocketAddress at = listener->local_address().value();
        for (const int mark : {6, 7}) {
            Socket client = open(SocketType::stream);
            EXPECT_TRUE(set(client, Mark{{mark}}));
            const auto connected = client.connect(at, after(monotonic_now(), 20s));
            EXPECT_EQ(connected.has_value(), mark != 7);
            EXPECT_TRUE(mark != 7 || connected.error().is(EACCES));
        }
    });
}

TEST(OptionEffects, E5_BroadcastsAreSentByThoseWhoSaySo) {
    on_own_network([] {
        Socket there = open(SocketType::datagram);
        EXPECT_TRUE(there.bind(address("0.0.0.0:0")));
        const SocketAddress to(address("127.255.255.255:1").ip(), there.local_address()->port());
        Socket here = open(SocketType::datagram);
        EXPECT_TRUE(here.connect(to).error().is(EACCES));
        EXPECT_TRUE(set(here, Broadcast{}));
        EXPECT_TRUE(here.connect(to));
        EXPECT_TRUE(here.write_all(bytes_of("all")));
        EXPECT_TRUE(is_readable(there, 20s));
    });
}

TEST(OptionEffects, E5_A10_OnePortServesManyDestinationsWhereBindLeavesItToConnect) {
    on_own_network([] {
        // One local port for all.
        ASSERT_TRUE(set_sysctl("net/ipv4/ip_local_port_range", "40000 40000"));
        const SocketAddress any_port(IpAddress::loopback_v4(), 0);
        std::array<Socket, 2> listeners;
        for (std::uint16_t at = 0; at < 2; ++at) {
            const SocketAddress where(IpAddress::loopback_v4(),
                                      static_cast<std::uint16_t>(50'000 + at));
            listeners[at] = Socket::listen_on(where).value();
        }
        for (const bool leaves : {false, true}) {
            std::array<Socket, 2> clients;
            int connected = 0;
            for (std::size_t at = 0; at < 2; ++at) {
                clients[at] = open(SocketType::stream);
                EXPECT_TRUE(set(clients[at], BindAddressNoPort{{leaves}}));
                EXPECT_TRUE(set(clients[at], Linger::reset()));
                if (!clients[at].bind(any_port)) continue;
                const SocketAddress to = listeners[at].local_address().value();
                connected += clients[at].connect(to, after(monotonic_now(), 20s)) ? 1 : 0;
            }
            EXPECT_EQ(connected, leaves ? 2 : 1);
        }
    });
}

}  // namespace
}  // namespace fivetuple::testing_help
