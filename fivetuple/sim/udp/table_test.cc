#include "fivetuple/sim/udp/table.h"

#include <gtest/gtest.h>

#include "tests/testing/simulated_peers.h"
#include <cerrno>
#include <list>
#include <string_view>

namespace fivetuple::sim::udp {
namespace {

using testing_help::at;

class UdpTable : public ::testing::Test {
protected:
    ~UdpTable() override {
        for (Socket& socket : sockets_) table_.remove(socket);
    }
    // A socket bound to `where`, and what came of it.
    Socket& bound(std::string_view where, int expected = 0, const Settings& settings = {}) {
        Socket& socket = sockets_.emplace_back(at(where).family());
        socket.settings = settings;
        EXPECT_EQ(table_.bind(socket, at(where)), expected) << where;
        return socket;
    }
    Socket* found(std::string_view to, std::string_view from = "10.0.0.9:999") {
        return table_.find(at(to), at(from));
    }

    std::list<Socket> sockets_;
    Table table_{Random(1)};
};

TEST_F(UdpTable, AnAddressBelongsToOneSocket) {
    bound("10.0.0.1:53");
    bound("10.0.0.1:53", EADDRINUSE);
    bound("0.0.0.0:53", EADDRINUSE);
    bound("[::]:53", EADDRINUSE);
    bound("10.0.0.2:53");
    bound("[fd00::1]:53");
}

TEST_F(UdpTable, AWildcardOfIpv6LeavesIpv4AloneWhereAskedTo) {
    bound("[::]:53", 0, {.v6_only = true});
    bound("0.0.0.0:53");
    bound("[::]:54");
    bound("10.0.0.1:54", EADDRINUSE);
}

TEST_F(UdpTable, AllThatShareMustWantIt) {
    bound("10.0.0.1:53", 0, {.reuse_port = true});
    bound("10.0.0.1:53", 0, {.reuse_port = true});
    bound("10.0.0.1:53", EADDRINUSE);
    bound("10.0.0.1:53", EADDRINUSE, {.reuse_address = true});
    bound("10.0.0.1:54", 0, {.reuse_address = true});
    bound("0.0.0.0:54", 0, {.reuse_address = true});
}

TEST_F(UdpTable, ASocketIsBoundOnce) {
    Socket& socket = bound("10.0.0.1:53");
    EXPECT_EQ(table_.bind(socket, at("10.0.0.1:54")), EINVAL);
}

TEST_F(UdpTable, PortsAreChosenUntilNoneIsLeft) {
    Table small(Random(1), 100, 109);
    std::list<Socket> sockets;
    for (int count = 0; count < 10; ++count) {
        Socket& socket = sockets.emplace_back(Family::ipv4);
        ASSERT_EQ(small.bind(socket, at("10.0.0.1:0")), 0);
        EXPECT_GE(socket.local().port(), 100);
        EXPECT_LE(socket.local().port(), 109);
    }
    Socket late(Family::ipv4);
    EXPECT_EQ(small.bind(late, at("10.0.0.1:0")), EADDRINUSE);
    EXPECT_EQ(small.connect(late, at("10.0.0.2:1"), *IpAddress::parse("10.0.0.1")), EAGAIN);
    small.remove(sockets.front());
    EXPECT_EQ(small.bind(late, at("10.0.0.1:0")), 0) << "one has come free";
    for (Socket& socket : sockets) small.remove(socket);
    small.remove(late);
    EXPECT_EQ(small.size(), 0u);
}

TEST_F(UdpTable, TheBestFitGetsADatagram) {
    Socket& any = bound("0.0.0.0:53", 0, {.reuse_address = true});
    EXPECT_EQ(found("10.0.0.1:53"), &any);
    Socket& own = bound("10.0.0.1:53", 0, {.reuse_address = true});
    EXPECT_EQ(found("10.0.0.1:53"), &own);
    EXPECT_EQ(found("10.0.0.2:53"), &any);
    Socket& connected = bound("10.0.0.1:53", 0, {.reuse_address = true});
    EXPECT_EQ(table_.connect(connected, at("10.0.0.9:999"), *IpAddress::parse("10.0.0.1")), 0);
    EXPECT_EQ(found("10.0.0.1:53", "10.0.0.9:999"), &connected);
    EXPECT_EQ(found("10.0.0.1:53", "10.0.0.9:998"), &own);
    EXPECT_EQ(found("10.0.0.1:54"), nullptr);
}

TEST_F(UdpTable, AnIpv6WildcardServesIpv4) {
    Socket& dual = bound("[::]:53");
    EXPECT_EQ(found("10.0.0.1:53"), &dual);
    EXPECT_EQ(found("[fd00::1]:53", "[fd00::2]:1"), &dual);
}

TEST_F(UdpTable, AGroupSharesBySender) {
    Socket& one = bound("10.0.0.1:53", 0, {.reuse_port = true});
    Socket& two = bound("10.0.0.1:53", 0, {.reuse_port = true});
    int to_one = 0;
    for (int port = 1; port <= 1000; ++port) {
        const SocketAddress from(*IpAddress::parse("10.0.0.9"), static_cast<std::uint16_t>(port));
        Socket* chosen = table_.find(at("10.0.0.1:53"), from);
        EXPECT_EQ(chosen, table_.find(at("10.0.0.1:53"), from))
            << "the same sender, the same socket";
        EXPECT_TRUE(chosen == &one || chosen == &two);
        to_one += chosen == &one;
    }
    EXPECT_NEAR(to_one, 500, 80);
}

TEST_F(UdpTable, OfThoseThatShareByAddressTheLastToBindHasItAll) {
    bound("10.0.0.1:53", 0, {.reuse_address = true});
    Socket& last = bound("10.0.0.1:53", 0, {.reuse_address = true});
    EXPECT_EQ(found("10.0.0.1:53"), &last);
}

TEST_F(UdpTable, AGroupsDatagramGoesToAllWhoJoined) {
    Socket& one = bound("0.0.0.0:53", 0, {.reuse_address = true});
    Socket& two = bound("0.0.0.0:53", 0, {.reuse_address = true});
    bound("0.0.0.0:53", 0, {.reuse_address = true});
    Socket& choosy = bound("0.0.0.0:53", 0, {.reuse_address = true});
    one.groups[*IpAddress::parse("239.1.2.3")] = {};
    two.groups[*IpAddress::parse("239.1.2.3")] = {*IpAddress::parse("10.0.0.9")};
    choosy.groups[*IpAddress::parse("239.1.2.3")] = {*IpAddress::parse("10.0.0.8")};
    const auto all = table_.find_all(at("239.1.2.3:53"), at("10.0.0.9:1"));
    EXPECT_EQ(all, (std::vector<Socket*>{&one, &two}));
}

TEST_F(UdpTable, ConnectingChoosesAnAddressAndDisconnectingForgetsIt) {
    Socket& socket = sockets_.emplace_back(Family::ipv4);
    EXPECT_EQ(table_.connect(socket, at("10.0.0.9:53"), *IpAddress::parse("10.0.0.1")), 0);
    EXPECT_EQ(socket.local().ip(), *IpAddress::parse("10.0.0.1"));
    EXPECT_NE(socket.local().port(), 0);
    table_.disconnect(socket);
    EXPECT_FALSE(socket.is_connected());
    EXPECT_TRUE(socket.local().ip().is_unspecified());
}

Arrival arrival(std::size_t size) {
    Arrival one;
    one.packet = Packet(size);
    one.size = size;
    return one;
}

TEST(UdpSocket, AFullBufferDropsWhatComes) {
    Socket socket(Family::ipv4);
    socket.settings.receive_buffer = 4 * memory_of(1000);
    int kept = 0;
    while (socket.deliver(arrival(1000))) ++kept;
    EXPECT_EQ(kept, 5) << "the last one may go beyond";
    EXPECT_EQ(socket.dropped(), 1u);
    EXPECT_EQ(socket.take().size, 1000u);
    EXPECT_TRUE(socket.deliver(arrival(1)));
    while (socket.has_arrived()) socket.take();
    EXPECT_EQ(socket.queued_memory(), 0u);
}

TEST(UdpSocket, MemoryIsCountedAsLinuxDoes) {
    // As `ss -uam` shows it on the loopback device.
    EXPECT_EQ(memory_of(1), 768u);
    EXPECT_EQ(memory_of(1000), 2304u);
    EXPECT_EQ(memory_of(1400), 2304u);
}

DatagramFailure refused() {
    DatagramFailure failure;
    failure.code = ECONNREFUSED;
    failure.origin = DatagramFailure::Origin::icmp;
    return failure;
}

TEST(UdpSocket, AFailureIsToldToWhoIsConnectedOrAsks) {
    Socket loose(Family::ipv4);
    loose.failed(refused(), true);
    EXPECT_EQ(loose.take_error(), 0);
    loose.settings.report_failures = true;
    loose.failed(refused(), false);
    EXPECT_TRUE(loose.has_error());
    EXPECT_EQ(loose.take_error(), ECONNREFUSED);
    EXPECT_EQ(loose.take_error(), 0) << "once";
    EXPECT_EQ(loose.take_failure()->code, ECONNREFUSED);
    EXPECT_FALSE(loose.take_failure().has_value());
}

TEST(UdpSocket, AConnectedOneHearsOnlyWhatLasts) {
    Table table(Random(1));
    Socket socket(Family::ipv4);
    EXPECT_EQ(table.connect(socket, at("10.0.0.9:53"), *IpAddress::parse("10.0.0.1")), 0);
    socket.failed(refused(), false);
    EXPECT_FALSE(socket.has_error());
    socket.failed(refused(), true);
    EXPECT_EQ(socket.take_error(), ECONNREFUSED);
    EXPECT_FALSE(socket.has_failures()) << "the queue is for those who ask";
    table.remove(socket);
}

}  // namespace
}  // namespace fivetuple::sim::udp
