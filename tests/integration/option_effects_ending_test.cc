#include "fivetuple/os/clock.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/socket.h"

#include "tests/testing/capture.h"
#include "tests/testing/socket_kinds.h"
#include "tests/testing/tcp_states.h"
#include "tests/testing/testing.h"
#include "tests/testing/two_hosts.h"
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

// How connections end, and what options change about it.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

std::uint16_t port_of(const Socket& socket) { return socket.local_address().value().port(); }

std::pair<Socket, Socket> connect() { return connected_kind(SocketKind::tcp_v4).value(); }

auto a_reset_from(std::uint16_t port) {
    return [port](const CapturedPacket& each) { return each.from_port == port && each.rst; };
}
auto an_end_from(std::uint16_t port) {
    return [port](const CapturedPacket& each) { return each.from_port == port && each.fin; };
}

TEST(OptionEffects, E4_LingerOfZeroResetsAndLeavesNoTimeWait) {
    on_own_network([] {
        Capture capture("lo");
        auto [client, server] = connect();
        EXPECT_TRUE(set(client, Linger::reset()));
        const std::uint16_t port = port_of(client);
        client = Socket();
        EXPECT_TRUE(capture.saw(a_reset_from(port))) << capture.to_string();
        EXPECT_TRUE(std::ranges::none_of(capture.packets(), an_end_from(port)));
        std::array<std::byte, 4> room;
        EXPECT_TRUE(server.read_some(room).error().is(ECONNRESET));
        EXPECT_EQ(tcp_states(port), "");
    });
}

TEST(OptionEffects, A5_ClosingReturnsAtOnceAndTheKernelFinishesBehindIt) {
    on_own_network([] {
        auto [client, server] = connect();
        const std::uint16_t port = port_of(client);
        const auto text = some_bytes(50'000);
        EXPECT_TRUE(client.write_all(text));
        client = Socket();
        // Nobody has read a byte, and the one who wrote them is free to go.
        std::vector<std::byte> got(text.size());
        EXPECT_TRUE(server.read_exact(got));
        EXPECT_TRUE(got == text);
        std::array<std::byte, 1> room;
        EXPECT_EQ(server.read_some(room).value(), 0u);
        EXPECT_TRUE(eventually([&] { return tcp_states(port) == "FIN_WAIT2"; }));
        EXPECT_EQ(tcp_states(port_of(server)), "CLOSE_WAIT");
    });
}

TEST(OptionEffects, A5_WhoClosesFirstHoldsTimeWaitAndACloseWaitIsTheOthersToEnd) {
    on_own_network([] {
        auto [client, server] = connect();
        const std::uint16_t port = port_of(client);
        const std::uint16_t servers = port_of(server);
        client = Socket();
        EXPECT_TRUE(eventually([&] { return tcp_states(servers) == "CLOSE_WAIT"; }));
        server = Socket();
        EXPECT_TRUE(eventually([&] { return tcp_states(port) == "TIME_WAIT"; }));
        EXPECT_EQ(tcp_states(servers), "");
    });
}

TEST(OptionEffects, E4_AFinWaitLimitOfMinusOneWaitsForNoPeer) {
    on_own_network([] {
        for (const bool waits : {true, false}) {
            Capture capture("lo");
            auto [client, server] = connect();
            EXPECT_TRUE(waits || set(client, FinWaitLimit{{-1s}}));
            const std::uint16_t port = port_of(client);
            EXPECT_TRUE(client.shutdown_write());
            EXPECT_TRUE(eventually([&] { return tcp_states(port) == "FIN_WAIT2"; }));
            client = Socket();
            EXPECT_EQ(tcp_states(port), waits ? "FIN_WAIT2" : "");
            EXPECT_TRUE(waits || capture.saw(a_reset_from(port))) << capture.to_string();
        }
    });
}

// How many SYNs leave before connecting to nobody fails.
std::ptrdiff_t syns_in_vain(const SynRetries& retries) {
    Capture capture("near");
    Socket client = Socket::open(Family::ipv4, SocketType::stream).value();
    EXPECT_TRUE(set(client, retries));
    const auto to = SocketAddress::parse("10.9.0.2:7000").value();
    const auto connected = client.connect(to, after(monotonic_now(), 60s));
    EXPECT_EQ(connected.error().message(), "connect 10.9.0.2:7000: Connection timed out");
    return std::ranges::count_if(capture.packets(),
                                 [](const CapturedPacket& each) { return each.syn; });
}

TEST(OptionEffects, E4_SynRetriesAreCountedOnTheWire) {
    on_own_network([] {
        TwoHosts hosts;
        ASSERT_TRUE(hosts.is_well());
        hosts.cut();
        // Linux 6.5 and later repeat the first SYNs each second, and give up when those of the
        // doubling wait would have been sent: more SYNs than were asked for, in the same time.
        const bool was_linear = set_sysctl("net/ipv4/tcp_syn_linear_timeouts", "4");
        if (was_linear) {
            EXPECT_GE(syns_in_vain({{1}}), 2);
            EXPECT_TRUE(set_sysctl("net/ipv4/tcp_syn_linear_timeouts", "0"));
        }
        EXPECT_EQ(syns_in_vain({{1}}), 2);
    });
}

TEST(OptionEffects, E4_KeepAliveAsksAPeerThatIsThereAndFindsTheOneThatIsCutOff) {
    on_own_network([] {
        TwoHosts hosts;
        ASSERT_TRUE(hosts.is_well());
        Socket listener;
        const auto at = SocketAddress::parse("10.9.0.2:7000").value();
        hosts.there([&] { listener = Socket::listen_on(at).value(); });
        Capture capture("near");
        auto client = Socket::connect_to(at, after(monotonic_now(), 20s));
        ASSERT_TRUE(client.has_value());
        auto server = listener.accept(after(monotonic_now(), 20s));
        const std::size_t before = capture.packets().size();
        EXPECT_TRUE(set(*client, KeepAliveIdle{{1s}}));
        EXPECT_TRUE(set(*client, KeepAliveInterval{{1s}}));
        EXPECT_TRUE(set(*client, KeepAliveProbes{{2}}));
        EXPECT_TRUE(set(*client, KeepAlive{}));
        // Asked, it answers, and nobody hears of it.
        EXPECT_TRUE(eventually([&] { return capture.packets().size() > before; }));
        EXPECT_FALSE(get<PendingError>(*client)->code != 0);
        hosts.cut();
        std::array<std::byte, 4> room;
        const auto got = client->read_some(room, after(monotonic_now(), 60s));
        ASSERT_FALSE(got.has_value());
        EXPECT_TRUE(got.error().is(ETIMEDOUT)) << got.error().message();
        EXPECT_GE(capture.packets().size(), before + 3) << capture.to_string();
    });
}

}  // namespace
}  // namespace fivetuple::testing_help
