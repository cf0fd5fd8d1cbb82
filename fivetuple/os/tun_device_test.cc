#include "fivetuple/os/tun_device.h"

#include "fivetuple/os/address.h"
#include "fivetuple/os/network_namespace.h"

#include <sys/stat.h>

#include "tests/testing/ip_command.h"
#include "tests/testing/own_network.h"
#include "tests/testing/testing.h"
#include <array>
#include <cerrno>

namespace fivetuple::testing_help {
namespace {

TunOptions options_of(const std::string& name) {
    TunOptions options;
    options.name = name;
    return options;
}

ino_t this_network() {
    struct stat seen{};
    return ::stat("/proc/thread-self/ns/net", &seen) == 0 ? seen.st_ino : 0;
}

TEST(TunDevice, IsAnInterfaceThatIsUpAndHasItsAddresses) {
    const std::string seen = in_own_network([]() -> std::string {
        TunOptions options = options_of("own%d");
        options.mtu = 1400;
        options.addresses = {{*IpAddress::parse("10.9.0.1"), 24},
                             {*IpAddress::parse("fd09::1"), 64}};
        const auto device = TunDevice::open(options);
        if (!device) return device.error().message();
        return device->name() + " " + ip_text("-oneline addr show dev own0");
    });
    if (seen == kNoOwnNetwork) GTEST_SKIP() << seen;
    EXPECT_TRUE(seen.starts_with("own0 ")) << seen;
    EXPECT_NE(seen.find("inet 10.9.0.1/24"), seen.npos) << seen;
    EXPECT_NE(seen.find("inet6 fd09::1/64"), seen.npos) << seen;
}

TEST(TunDevice, GivesWhatTheKernelSendsAndIsGoneWhenItIsClosed) {
    const std::string seen = in_own_network([]() -> std::string {
        TunOptions options = options_of("own0");
        options.addresses = {{*IpAddress::parse("10.9.0.1"), 24}};
        {
            const auto device = TunDevice::open(options);
            if (!device) return device.error().message();
            std::array<std::byte, 1500> room{};
            const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
            const SocketAddress to = *SocketAddress::parse("10.9.0.2:9");
            ::sendto(socket, "hello", 5, 0, to.raw(), to.raw_size());
            ::close(socket);
            int size = device->read(room);
            // IPv6 says things of itself.
            while (size > 0 && (room[0] >> 4) != std::byte{4}) size = device->read(room);
            if (size != 33) return "a packet of " + std::to_string(size);
            if (device->write(bytes_of("1?")) != -EINVAL) return "what is no packet went";
            ip("link set own0 down");
            if (device->write(Bytes(room).first(33)) != -EIO)
                return "a packet went while it is off";
        }
        return ip_text("link show dev own0 2>&1");
    });
    if (seen == kNoOwnNetwork) GTEST_SKIP() << seen;
    EXPECT_NE(seen.find("does not exist"), seen.npos) << seen;
}

TEST(TunDevice, SaysWhyItCannotBeHad) {
    const std::string seen = in_own_network([]() -> std::string {
        const auto first = TunDevice::open(options_of("own0"));
        if (!first) return first.error().message();
        std::string all = TunDevice::open(options_of("own0")).error().message() + "\n";
        all += TunDevice::open(options_of("a_name_far_too_long")).error().message() + "\n";
        TunOptions tiny = options_of("own1");
        tiny.mtu = 10;
        all += TunDevice::open(tiny).error().message() + "\n";
        TunOptions elsewhere = options_of("own2");
        elsewhere.network = "nowhere";
        return all + TunDevice::open(elsewhere).error().message();
    });
    if (seen == kNoOwnNetwork) GTEST_SKIP() << seen;
    EXPECT_NE(seen.find("TUNSETIFF own0: another program has that interface\n"), seen.npos) << seen;
    EXPECT_NE(seen.find("a_name_far_too_long: an interface's name has 1 to 15 bytes\n"), seen.npos)
        << seen;
    EXPECT_NE(seen.find("RTM_NEWLINK own1: "), seen.npos) << seen;
    EXPECT_NE(seen.find("open /run/netns/nowhere: there is no such network"), seen.npos) << seen;
}

TEST(NetworkVisit, EndsWhereItBegan) {
    const std::string seen = in_own_network([]() -> std::string {
        const ino_t home = this_network();
        {
            const auto visit =
                NetworkVisit::enter("/proc/" + std::to_string(::getppid()) + "/ns/net");
            if (!visit) return visit.error().message();
            if (this_network() == home) return "it did not leave";
        }
        return this_network() == home ? "home" : "elsewhere";
    });
    if (seen == kNoOwnNetwork) GTEST_SKIP() << seen;
    EXPECT_EQ(seen, "home");
}

TEST(NetworkVisit, OfAFileThatIsNoNetworkIsRefused) {
    const auto visit = NetworkVisit::enter("/proc/self/status");
    ASSERT_FALSE(visit);
    EXPECT_EQ(visit.error().code(), EINVAL);
}

}  // namespace
}  // namespace fivetuple::testing_help
