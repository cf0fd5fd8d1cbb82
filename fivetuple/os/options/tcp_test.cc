#include "fivetuple/os/options/tcp.h"

#include "fivetuple/os/options/socket.h"
#include "fivetuple/os/options/udp.h"

#include "tests/testing/eventually.h"
#include "tests/testing/option_checks.h"

namespace fivetuple {
namespace {

using testing_help::connected_kind;
using testing_help::eventually;
using testing_help::expect_kept;
using testing_help::expect_no_such_option;
using testing_help::expect_out_of_range;
using testing_help::open_kind;
using namespace std::chrono_literals;

TEST(TcpOptions, SwitchesAreKeptOverIpv4AndIpv6) {
    expect_kept<NoDelay>({{true}, {false}});
    expect_kept<Cork>({{true}, {false}});
    expect_kept<QuickAck>({{true}});
    expect_kept<SaveSyn>({{true}, {false}}, kTcp);
    expect_kept<TellUnread>({{true}, {false}}, kTcp);
    expect_kept<FastOpenNoCookie>({{true}, {false}}, kTcp);
}

TEST(TcpOptions, FiguresAreKeptOverIpv4AndIpv6) {
    expect_kept<KeepAliveIdle>({{1s}, {32767s}}, kTcp);
    expect_kept<KeepAliveInterval>({{1s}, {32767s}}, kTcp);
    expect_kept<KeepAliveProbes>({{1}, {127}}, kTcp);
    expect_kept<UserTimeout>({{0ms}, {3000ms}});
    expect_kept<MaxSegment>({{88}, {1400}, {32767}}, kTcp);
    expect_kept<NotSentLowWater>({{0}, {16384}}, kTcp);
    expect_kept<SynRetries>({{1}, {127}});
    expect_kept<FinWaitLimit>({{-1s}, {5s}, {120s}});
    expect_kept<WindowClamp>({{65536}});
    expect_kept<FastOpen>({{0}, {16}}, kTcp);
    expect_kept<DeferAccept>({{0s}, {1s}}, kTcp);
    expect_kept<CongestionControl>({{"reno"}}, kTcp);
}

TEST(TcpOptions, ValuesOutOfRangeAreRefused) {
    expect_out_of_range(KeepAliveIdle{0s},
                        "setsockopt TCP_KEEPIDLE: 0 s is out of range, which is from 1 s to 32767 "
                        "s");
    expect_out_of_range(KeepAliveInterval{32768s},
                        "setsockopt TCP_KEEPINTVL: 32768 s is out of range, which is from 1 s to "
                        "32767 s");
    expect_out_of_range(KeepAliveProbes{128},
                        "setsockopt TCP_KEEPCNT: 128 probes is out of range, which is from 1 "
                        "probes to 127 probes");
    expect_out_of_range(UserTimeout{-1ms},
                        "setsockopt TCP_USER_TIMEOUT: -1 ms is out of range, which is from 0 ms to "
                        "2147483647 ms");
    // What the kernel would take for less, as it counts in 32 bits.
    expect_out_of_range(UserTimeout{std::chrono::hours(1000)},
                        "setsockopt TCP_USER_TIMEOUT: 3600000000 ms is out of range, which is from "
                        "0 ms to 2147483647 ms");
    expect_out_of_range(MaxSegment{87},
                        "setsockopt TCP_MAXSEG: 87 bytes is out of range, which is from 88 bytes "
                        "to 32767 bytes");
    expect_out_of_range(SynRetries{0},
                        "setsockopt TCP_SYNCNT: 0 retries is out of range, which is from 1 retries "
                        "to 127 retries");
}

// The ranges that we refuse are those that the kernel refuses.
template <class O>
void expect_kernels_range(std::initializer_list<int> refused, std::initializer_list<int> taken) {
    auto socket = open_kind(SocketKind::tcp_v4);
    for (const int value : refused) {
        EXPECT_FALSE(socket->set_option(O::level, O::number, std::as_bytes(std::span(&value, 1))))
            << O::name << " " << value;
    }
    for (const int value : taken) {
        EXPECT_TRUE(socket->set_option(O::level, O::number, std::as_bytes(std::span(&value, 1))))
            << O::name << " " << value;
    }
}

TEST(TcpOptions, TheRangesAreTheKernels) {
    expect_kernels_range<KeepAliveIdle>({0, -1, 32768}, {1, 32767});
    expect_kernels_range<KeepAliveInterval>({0, -1, 32768}, {1, 32767});
    expect_kernels_range<KeepAliveProbes>({0, 128}, {1, 127});
    expect_kernels_range<MaxSegment>({87, 32768}, {88, 32767});
    expect_kernels_range<SynRetries>({0, 128}, {1, 127});
    expect_kernels_range<UserTimeout>({-1}, {0, INT_MAX});
    expect_kernels_range<FastOpen>({-1}, {0, 1});
}

TEST(TcpOptions, OtherKindsOfSocketLackThemByName) {
    expect_no_such_option(NoDelay{}, SocketKind::udp_v4,
                          "setsockopt TCP_NODELAY: a UDP socket over IPv4 has no such option; it "
                          "is for: TCP, MPTCP");
    expect_no_such_option(UserTimeout{1s}, SocketKind::unix_stream,
                          "setsockopt TCP_USER_TIMEOUT: a Unix stream socket has no such option; "
                          "it is for: TCP");
    auto unix_socket = open_kind(SocketKind::unix_stream);
    const auto told = get<NoDelay>(*unix_socket);
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().message(),
              "getsockopt TCP_NODELAY: a Unix stream socket has no such option; it is for: TCP, "
              "MPTCP");
}

TEST(TcpOptions, CongestionControlIsChosenByName) {
    auto socket = open_kind(SocketKind::tcp_v4);
    ASSERT_TRUE(set(*socket, CongestionControl{"reno"}));
    EXPECT_EQ(get<CongestionControl>(*socket)->value, "reno");
    const auto unknown = set(*socket, CongestionControl{"no-such"});
    ASSERT_FALSE(unknown);
    EXPECT_TRUE(unknown.error().is(ENOENT));
    EXPECT_EQ(unknown.error().message(),
              "setsockopt TCP_CONGESTION: this kernel has none of that name");
    EXPECT_EQ(get<CongestionControl>(*socket)->value, "reno");
}

TEST(TcpOptions, AnUpperProtocolNeedsAConnectionAndItsModule) {
    auto pair = connected_kind(SocketKind::tcp_v4);
    EXPECT_EQ(get<UpperProtocol>(pair->first)->to_string(), "none");
    const auto unknown = set(pair->first, UpperProtocol{"no-such"});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().message(), "setsockopt TCP_ULP: this kernel has none of that name");
    const auto tls = set(pair->first, UpperProtocol{"tls"});
    if (!tls && tls.error().is(ENOENT)) GTEST_SKIP() << "no TLS in this kernel";
    ASSERT_TRUE(tls) << tls.error().message();
    EXPECT_EQ(get<UpperProtocol>(pair->first)->value, "tls");
}

TEST(TcpOptions, AMaximumSegmentBindsTheConnectionThatFollows) {
    auto listener = Socket::listen_on({IpAddress::loopback_v4(), 0});
    auto client = open_kind(SocketKind::tcp_v4);
    ASSERT_TRUE(set(*client, MaxSegment{1000}));
    EXPECT_EQ(get<MaxSegment>(*client)->value, 1000);
    ASSERT_TRUE(client->connect(listener->local_address().value()));
    auto server = listener->accept();
    // Timestamps take 12 bytes of each segment.
    EXPECT_LE(get<MaxSegment>(*client)->value, 1000);
    EXPECT_GE(get<MaxSegment>(*client)->value, 980);
    EXPECT_LE(get<MaxSegment>(*server)->value, 1000);
}

TEST(TcpOptions, DeferAcceptWaitsForData) {
    auto listener = Socket::listen_on({IpAddress::loopback_v4(), 0});
    ASSERT_TRUE(set(*listener, DeferAccept{30s}));
    // 1, 3, 7, 15, 31: the sums of the doubling timer.
    EXPECT_EQ(get<DeferAccept>(*listener)->value, 31s);
    auto client = Socket::connect_to(listener->local_address().value());
    ASSERT_TRUE(client);
    EXPECT_EQ(get<ListenerInfo>(*listener)->waiting, 0U);
    ASSERT_TRUE(client->write_some(bytes_of("now")));
    auto server = listener->accept();
    ASSERT_TRUE(server);
    std::array<std::byte, 3> room{};
    EXPECT_TRUE(server->read_exact(room));
    EXPECT_EQ(text_of(room), "now");
}

TEST(TcpOptions, A6_AListenerTellsItsQueue) {
    auto listener = Socket::listen_on({IpAddress::loopback_v4(), 0}, 5);
    const auto before = get<ListenerInfo>(*listener);
    EXPECT_EQ(before->waiting, 0U);
    EXPECT_EQ(before->limit, 5U);
    auto one = Socket::connect_to(listener->local_address().value());
    auto two = Socket::connect_to(listener->local_address().value());
    EXPECT_TRUE(eventually([&] { return get<ListenerInfo>(*listener)->waiting == 2; }));
}

TEST(TcpOptions, AListenerKeepsTheSynWhereItIsAsked) {
    auto listener = Socket::listen_on({IpAddress::loopback_v4(), 0});
    ASSERT_TRUE(set(*listener, SaveSyn{}));
    auto client = Socket::connect_to(listener->local_address().value());
    auto server = listener->accept();
    auto syn = get<SavedSyn>(*server);
    ASSERT_TRUE(syn);
    ASSERT_GE(syn->headers.size(), 40U);
    EXPECT_EQ(std::to_integer<int>(syn->headers[0]) >> 4, 4);  // IPv4
    const auto peer = client->local_address().value();
    EXPECT_EQ(take_integer<std::uint16_t>(Bytes(syn->headers).subspan(20)), peer.port());
    EXPECT_TRUE(get<SavedSyn>(*server)->headers.empty()) << "it is told once";
}

TEST(TcpOptions, FastOpenSecretsAreKeptAndNotPrinted) {
    auto listener = open_kind(SocketKind::tcp_v4);
    FastOpenKey key;
    const auto none = set(*listener, key);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().message(), "setsockopt TCP_FASTOPEN_KEY: there is no secret");
    key.primary.emplace().fill(std::byte{0x41});
    ASSERT_TRUE(set(*listener, key));
    EXPECT_EQ(get<FastOpenKey>(*listener)->primary, key.primary);
    EXPECT_FALSE(get<FastOpenKey>(*listener)->backup);
    EXPECT_EQ(get<FastOpenKey>(*listener)->to_string(), "one secret");
    key.backup.emplace().fill(std::byte{0x42});
    ASSERT_TRUE(set(*listener, key));
    EXPECT_EQ(get<FastOpenKey>(*listener)->backup, key.backup);
    EXPECT_EQ(key.to_string(), "two secrets");
}

TEST(UdpOptions, AreKeptOverIpv4AndIpv6) {
    expect_kept<UdpSegment>({{0}, {1200}, {65535}});
    expect_kept<UdpReceiveOffload>({{true}, {false}});
    expect_kept<UdpCork>({{true}, {false}});
    expect_out_of_range(UdpSegment{65536},
                        "setsockopt UDP_SEGMENT: 65536 bytes is out of range, which is from 0 "
                        "bytes to 65535 bytes");
    expect_no_such_option(UdpSegment{1200}, SocketKind::tcp_v6,
                          "setsockopt UDP_SEGMENT: a TCP socket over IPv6 has no such option; it "
                          "is for: UDP");
    expect_no_such_option(UdpSegment{1200}, SocketKind::unix_datagram,
                          "setsockopt UDP_SEGMENT: a Unix datagram socket has no such option; it "
                          "is for: UDP");
}

TEST(UdpOptions, ASegmentSizeCutsOneSendIntoDatagrams) {
    auto pair = connected_kind(SocketKind::udp_v4);
    ASSERT_TRUE(set(pair->first, UdpSegment{100}));
    ASSERT_TRUE(pair->first.write_some(bytes_of(std::string(250, 'x'))));
    std::array<std::byte, 1000> room{};
    EXPECT_EQ(pair->second.read_some(room).value(), 100U);
    EXPECT_EQ(pair->second.read_some(room).value(), 100U);
    EXPECT_EQ(pair->second.read_some(room).value(), 50U);
}

TEST(UdpOptions, ACorkMakesOneDatagramOfManySends) {
    auto pair = connected_kind(SocketKind::udp_v6);
    ASSERT_TRUE(set(pair->first, UdpCork{}));
    ASSERT_TRUE(pair->first.write_some(bytes_of("one ")));
    ASSERT_TRUE(pair->first.write_some(bytes_of("datagram")));
    ASSERT_TRUE(set(pair->first, UdpCork{false}));
    std::array<std::byte, 100> room{};
    EXPECT_EQ(pair->second.read_some(room).value(), 12U);
}

}  // namespace
}  // namespace fivetuple
