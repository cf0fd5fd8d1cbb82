#include "fivetuple/os/multipath.h"
#include "fivetuple/os/vsock.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/sctp.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/vsock.h"

#include "tests/testing/own_loop.h"
#include <array>
#include <chrono>
#include <string>

// Streams other than TCP's and Unix's: MPTCP, vsock, SCTP.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class OtherStreams : public OwnNetworkTest {};
FT_IN_KERNEL_WORLDS(OtherStreams);

struct Ends {
    MultipathState client;
    MultipathState server;
};

// Connects, moves bytes both ways, and says what the two ends became.
Task<Ends> became(bool client_asks, bool server_asks, const char* at) {
    Loop& loop = co_await this_loop();
    ListenOptions listening;
    listening.multipath = server_asks;
    auto listener = TcpListener::bind(loop, SocketAddress::parse(at).value(), listening).value();
    TcpStream::ConnectOptions options;
    options.multipath = client_asks;
    auto client = (co_await TcpStream::connect(listener.local_address().value(), options)).value();
    auto server = (co_await listener.accept()).value();
    std::array<std::byte, 4> room;
    for (const auto& [from, to] : {std::pair(&client, &server), std::pair(&server, &client)}) {
        const auto sent = co_await from->write_all(bytes_of("four"));
        EXPECT_TRUE(sent);
        const auto got = co_await to->read_exact(room);
        EXPECT_TRUE(got);
        EXPECT_EQ(text_of(room), "four");
    }
    co_return Ends{multipath_state(OptionAccess(client)).value(),
                   multipath_state(OptionAccess(server)).value()};
}

TEST_P(OtherStreams, B4_BothEndsAskAndHaveMptcp) {
    in_a_network([](Loop&) -> Task<void> {
        if (!check_multipath()) co_return;
        for (const char* at : {"127.0.0.1:0", "[::1]:0"}) {
            const Ends ends = co_await became(true, true, at);
            EXPECT_EQ(ends.client, MultipathState::multipath);
            EXPECT_EQ(ends.server, MultipathState::multipath);
        }
    });
}

TEST_P(OtherStreams, B4_WhereOneEndDoesNotAskItIsTcpAndSaysSo) {
    in_a_network([](Loop&) -> Task<void> {
        if (!check_multipath()) co_return;
        Ends ends = co_await became(true, false, "127.0.0.1:0");
        EXPECT_EQ(ends.client, MultipathState::fell_back);
        EXPECT_EQ(ends.server, MultipathState::plain);
        ends = co_await became(false, true, "127.0.0.1:0");
        EXPECT_EQ(ends.client, MultipathState::plain);
        EXPECT_EQ(ends.server, MultipathState::plain);
    });
}

TEST_P(OtherStreams, B4_WhereTheKernelHasNoneItIsTcpAndSaysSo) {
    in_a_network([](Loop&) -> Task<void> {
        const bool is_off = !check_multipath() || set_sysctl("net/mptcp/enabled", "0");
        EXPECT_TRUE(is_off);
        const auto here = check_multipath();
        EXPECT_FALSE(here);
        EXPECT_EQ(here.error().cause(), Cause::unsupported);
        const Ends ends = co_await became(true, true, "127.0.0.1:0");
        EXPECT_EQ(ends.client, MultipathState::unsupported);
        EXPECT_EQ(ends.server, MultipathState::unsupported);
    });
}

TEST_P(OtherStreams, B4_SctpWorksOrSaysWhatIsMissing) {
    in_a_network([](Loop& loop) -> Task<void> {
        const SocketAddress at(IpAddress::loopback_v4(), 0);
        auto listener = SctpListener::bind(loop, at);
        if (!listener) {
            EXPECT_EQ(listener.error().cause(), Cause::unsupported);
            EXPECT_EQ(listener.error().message(),
                      "socket SCTP: this kernel has no SCTP, or its module is not loaded "
                      "(`modprobe sctp`)");
            const auto client = co_await SctpStream::connect(at.with_port(9));
            EXPECT_FALSE(client);
            EXPECT_EQ(client.error().cause(), Cause::unsupported);
            co_return;
        }
        auto client = (co_await SctpStream::connect(listener->local_address().value())).value();
        auto server = (co_await listener->accept()).value();
        const auto sent = co_await client.write_all(bytes_of("sctp"));
        EXPECT_TRUE(sent);
        std::array<std::byte, 4> room;
        const auto got = co_await server.read_exact(room);
        EXPECT_TRUE(got);
        EXPECT_EQ(text_of(room), "sctp");
    });
}

// Nothing is connected to but this machine, and only where the kernel can do that: elsewhere the
// host would be asked.
TEST_P(OtherStreams, B3_VsockListensAndConnectsWhereThereIsALoopback) {
    in_a_network([](Loop& loop) -> Task<void> {
        const auto any = SocketAddress::vsock(SocketAddress::kAnyCid, 0);
        auto listener = VsockListener::bind(loop, any);
        if (!listener) {
            EXPECT_TRUE(listener.error().is(EAFNOSUPPORT)) << listener.error().message();
            co_return;
        }
        const SocketAddress at = listener->local_address().value();
        EXPECT_NE(at.vsock_port(), 0U);
        EXPECT_EQ(SocketAddress::parse(at.to_string()).value(), at);
        const auto taken = VsockListener::bind(loop, at);
        EXPECT_TRUE(taken.error().is(EADDRINUSE)) << taken.error().message();
        const auto nobody = co_await within(20ms, listener->accept());
        EXPECT_TRUE(nobody.error().is_deadline()) << nobody.error().message();

        const auto self = SocketAddress::vsock(SocketAddress::kLocalCid, at.vsock_port());
        auto client = co_await within(20s, VsockStream::connect(self));
        if (!has_vsock_loopback()) {
            EXPECT_EQ(client.error().message(),
                      "connect " + self.to_string() +
                          ": this kernel has no vsock loopback (the module vsock_loopback)");
            co_return;
        }
        EXPECT_TRUE(client) << client.error().message();
        if (!client) co_return;
        auto server = (co_await listener->accept()).value();
        const auto sent = co_await client->write_all(bytes_of("vsock"));
        EXPECT_TRUE(sent);
        std::array<std::byte, 5> room;
        const auto got = co_await server.read_exact(room);
        EXPECT_TRUE(got);
        EXPECT_EQ(text_of(room), "vsock");
        EXPECT_EQ(client->five_tuple()->protocol, Protocol::vsock_stream);
    });
}

TEST_P(OtherStreams, B3_VsockRefusesOtherAddresses) {
    in_a_network([](Loop& loop) -> Task<void> {
        const SocketAddress ip(IpAddress::loopback_v4(), 80);
        const auto listener = VsockListener::bind(loop, ip);
        EXPECT_EQ(listener.error().message(),
                  "bind 127.0.0.1:80: vsock needs an address like vsock:2:1234");
        const auto client = co_await VsockStream::connect(ip);
        EXPECT_EQ(client.error().message(),
                  "connect 127.0.0.1:80: vsock needs an address like vsock:2:1234");
        // A number that is not this machine's.
        const auto foreign = VsockListener::bind(loop, SocketAddress::vsock(12345, 0));
        EXPECT_TRUE(foreign.error().is(EADDRNOTAVAIL) || foreign.error().is(EAFNOSUPPORT))
            << foreign.error().message();
    });
}

}  // namespace
}  // namespace fivetuple::testing_help
