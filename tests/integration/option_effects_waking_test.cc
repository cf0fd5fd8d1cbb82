#include "fivetuple/os/calls.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/socket.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "tests/testing/socket_kinds.h"
#include "tests/testing/testing.h"
#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

// What options change about the moment at which a program wakes.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

bool is_ready(const Socket& socket, short events, Duration limit) {
    return calls::wait_ready(socket.fd().raw(), events, after(monotonic_now(), limit)) > 0;
}
// As long as it takes, and long enough to see that nothing comes.
constexpr Duration kComes = 20s;
constexpr Duration kDoesNot = 100ms;

TEST(OptionEffects, E3_J7_WithDeferAcceptAListenerWakesWhenBytesAreThere) {
    for (const bool defers : {false, true}) {
        auto listener = Socket::listen_on({IpAddress::loopback_v4(), 0});
        EXPECT_TRUE(!defers || set(*listener, DeferAccept{{10s}}));
        auto client = Socket::connect_to(listener->local_address().value());
        EXPECT_TRUE(client.has_value());
        EXPECT_EQ(is_ready(*listener, POLLIN, defers ? kDoesNot : kComes), !defers);
        EXPECT_TRUE(client->write_all(bytes_of("here")));
        EXPECT_TRUE(is_ready(*listener, POLLIN, kComes));
        auto server = listener->accept();
        std::array<std::byte, 4> room;
        // Who waited for bytes finds them; the other one may come too early.
        EXPECT_TRUE(!defers || calls::receive(server->fd().raw(), room) == 4);
    }
}

TEST(OptionEffects, E3_AReaderWakesWhenAsMuchAsItsLowWaterMarkIsThere) {
    auto [client, server] = connected_kind(SocketKind::tcp_v4).value();
    EXPECT_TRUE(set(server, ReceiveLowWater{{10}}));
    EXPECT_TRUE(client.write_all(bytes_of("123456789")));
    EXPECT_FALSE(is_ready(server, POLLIN, kDoesNot));
    EXPECT_TRUE(client.write_all(bytes_of("0")));
    EXPECT_TRUE(is_ready(server, POLLIN, kComes));
    std::array<std::byte, 20> room;
    EXPECT_EQ(server.read_some(room).value(), 10u);
    // The end wakes whatever the mark is.
    EXPECT_TRUE(client.shutdown_write());
    EXPECT_TRUE(is_ready(server, POLLIN, kComes));
}

// Bytes that wait in the kernel and have not left, once it takes no more.
int unsent_when_full(int low_water) {
    auto listener = Socket::open(Family::ipv4, SocketType::stream);
    EXPECT_TRUE(set(*listener, ReceiveBuffer{{4096}}));
    EXPECT_TRUE(listener->bind({IpAddress::loopback_v4(), 0}));
    EXPECT_TRUE(listener->listen());
    auto client = Socket::connect_to(listener->local_address().value());
    auto server = listener->accept();
    EXPECT_TRUE(low_water == 0 || set(*client, NotSentLowWater{{low_water}}));
    const std::vector<std::byte> some(1000);
    while (calls::send(client->fd().raw(), some) > 0) {
    }
    EXPECT_FALSE(is_ready(*client, POLLOUT, Duration::zero()));
    int unsent = 0;
    EXPECT_EQ(::ioctl(client->fd().raw(), SIOCOUTQNSD, &unsent), 0);
    // When the peer takes what is there, a writer wakes.
    std::vector<std::byte> room(1 << 20);
    while (!is_ready(*client, POLLOUT, Duration::zero())) {
        EXPECT_TRUE(server->read_some(room, after(monotonic_now(), kComes)).has_value());
    }
    return unsent;
}

TEST(OptionEffects, E3_AWriterWithALowWaterMarkLeavesLittleInTheKernel) {
    constexpr int kMark = 4096;
    EXPECT_LE(unsent_when_full(kMark), kMark + 1000);
    EXPECT_GT(unsent_when_full(0), 3 * kMark);
}

TEST(OptionEffects, E3_TimeoutsEndCallsThatBlockInTheKernel) {
    auto [client, server] = connected_kind(SocketKind::tcp_v4).value();
    for (const Socket* each : {&client, &server}) ::fcntl(each->fd().raw(), F_SETFL, 0);
    EXPECT_TRUE(set(server, ReceiveTimeout{{50ms}}));
    EXPECT_TRUE(set(client, SendTimeout{{50ms}}));
    std::array<std::byte, 4> room;
    const Time began = monotonic_now();
    EXPECT_EQ(::recv(server.fd().raw(), room.data(), room.size(), 0), -1);
    EXPECT_TRUE(errno == EAGAIN) << errno;
    EXPECT_GE(monotonic_now() - began, 40ms);
    const std::vector<std::byte> large(50'000'000);
    // A call that has moved some says how many; the next one says why it moved no more.
    ssize_t sent = ::send(client.fd().raw(), large.data(), large.size(), MSG_NOSIGNAL);
    EXPECT_GT(sent, 0);
    while (sent > 0) {
        EXPECT_LT(sent, static_cast<ssize_t>(large.size()));
        sent = ::send(client.fd().raw(), large.data(), large.size(), MSG_NOSIGNAL);
    }
    EXPECT_TRUE(errno == EAGAIN) << errno;
}

}  // namespace
}  // namespace fivetuple::testing_help
