#include "fivetuple/os/options/socket.h"

#include "fivetuple/os/options/tcp.h"

#include <netinet/in.h>

#include "tests/testing/child.h"
#include "tests/testing/eventually.h"
#include "tests/testing/option_checks.h"
#include <array>

namespace fivetuple {
namespace {

using testing_help::connected_kind;
using testing_help::eventually;
using testing_help::expect_kept;
using testing_help::expect_no_such_option;
using testing_help::expect_out_of_range;
using testing_help::in_child;
using testing_help::open_kind;
using namespace std::chrono_literals;

TEST(SocketOptions, E1_SwitchesAreKeptByEveryKindThatHasThem) {
    expect_kept<ReuseAddress>({{true}, {false}});
    expect_kept<ReusePort>({{true}, {false}});
    expect_kept<KeepAlive>({{true}, {false}});
    expect_kept<Broadcast>({{true}, {false}});
    expect_kept<OutOfBandInline>({{true}, {false}});
    expect_kept<DontRoute>({{true}, {false}});
    expect_kept<ZeroCopy>({{true}, {false}});
    expect_kept<ReceiveDropCount>({{true}, {false}});
}

TEST(SocketOptions, E1_NumbersAreKeptByEveryKindThatHasThem) {
    expect_kept<Priority>({{0}, {6}});
    expect_kept<ReceiveLowWater>({{1}, {1000}});
    expect_kept<IncomingCpu>({{0}});
    expect_kept<BusyPoll>({{0us}});
    expect_kept<MaxPacingRate>({{1000000}, {UINT64_MAX}, {UINT64_C(1) << 33}});
}

TEST(SocketOptions, ThoseThatNeedACapabilityAreKeptWhereItIsThere) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs CAP_NET_ADMIN";
    expect_kept<Priority>({{7}, {100}});
    expect_kept<Mark>({{0}, {42}});
    expect_kept<BusyPoll>({{50us}});
    expect_kept<PreferBusyPoll>({{true}});
    expect_kept<BindToDevice>({{"lo"}, {""}});
    expect_kept<BindToInterface>({{1}, {0}});
}

TEST(SocketOptions, WhatNeedsACapabilitySaysWhich) {
    const std::string said = in_child([] {
        auto socket = open_kind(SocketKind::tcp_v4);
        if (::setuid(65534) != 0) return std::string("no other user");
        const auto mark = set(*socket, Mark{7});
        const auto force = set(*socket, ForcedReceiveBuffer{1 << 20});
        const auto budget = set(*socket, BusyPollBudget{100});
        return mark.error().message() + "\n" + force.error().message() + "\n" +
               budget.error().message();
    });
    if (said == "no other user") GTEST_SKIP() << "cannot become another user here";
    EXPECT_EQ(said,
              "setsockopt SO_MARK: Operation not permitted: it needs CAP_NET_ADMIN or CAP_NET_RAW\n"
              "setsockopt SO_RCVBUFFORCE: Operation not permitted: it needs CAP_NET_ADMIN\n"
              "setsockopt SO_BUSY_POLL_BUDGET: Operation not permitted: it needs CAP_NET_ADMIN "
              "over 8");
}

TEST(SocketOptions, J8_TheKernelDoublesBuffers) {
    for (const SocketKind kind : testing_help::every_socket_kind()) {
        auto socket = open_kind(kind);
        if (!socket) continue;
        ASSERT_TRUE(set(*socket, ReceiveBuffer{50000}));
        ASSERT_TRUE(set(*socket, SendBuffer{50000}));
        EXPECT_EQ(get<ReceiveBuffer>(*socket)->value, 100000) << to_string(kind);
        EXPECT_EQ(get<SendBuffer>(*socket)->value, 100000) << to_string(kind);
    }
}

TEST(SocketOptions, AForcedBufferGoesBeyondTheLimit) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs CAP_NET_ADMIN";
    auto socket = open_kind(SocketKind::udp_v4);
    ASSERT_TRUE(set(*socket, ForcedReceiveBuffer{64 << 20}));
    ASSERT_TRUE(set(*socket, ForcedSendBuffer{32 << 20}));
    EXPECT_EQ(get<ReceiveBuffer>(*socket)->value, 128 << 20);
    EXPECT_EQ(get<SendBuffer>(*socket)->value, 64 << 20);
}

TEST(SocketOptions, LingerHasThreeMeanings) {
    expect_kept<Linger>({Linger::off(), Linger::wait(5s), Linger::reset()});
    EXPECT_EQ(Linger::off().to_string(), "off");
    EXPECT_EQ(Linger::wait(5s).to_string(), "wait 5 s");
    EXPECT_EQ(Linger::reset().to_string(), "reset");
}

TEST(SocketOptions, TimeoutsCountMicroseconds) {
    expect_kept<ReceiveTimeout>({{0us}, {2s}, {1500ms}});
    expect_kept<SendTimeout>({{0us}, {2s}, {1500ms}});
    auto socket = open_kind(SocketKind::tcp_v4);
    // The kernel rounds up to its tick: 1 to 10 ms.
    ASSERT_TRUE(set(*socket, ReceiveTimeout{1us}));
    EXPECT_GE(get<ReceiveTimeout>(*socket)->value, 1us);
    EXPECT_LE(get<ReceiveTimeout>(*socket)->value, 10ms);
}

TEST(SocketOptions, ValuesOutOfRangeAreRefusedBeforeTheKernelIsAsked) {
    expect_out_of_range(ReceiveBuffer{-1},
                        "setsockopt SO_RCVBUF: -1 bytes is out of range, which is from 0 bytes to "
                        "2147483647 bytes");
    expect_out_of_range(ReceiveLowWater{0},
                        "setsockopt SO_RCVLOWAT: 0 bytes is out of range, which is from 1 bytes to "
                        "2147483647 bytes");
    expect_out_of_range(BusyPollBudget{65536},
                        "setsockopt SO_BUSY_POLL_BUDGET: 65536 packets is out of range, which is "
                        "from 0 packets to 65535 packets");
    expect_out_of_range(ReceiveTimeout{-1us},
                        "setsockopt SO_RCVTIMEO: -1 us is out of range, which is from 0 us to "
                        "9223372036854775807 us");
    expect_out_of_range(BusyPoll{std::chrono::hours(1)},
                        "setsockopt SO_BUSY_POLL: 3600000000 us is out of range, which is from 0 "
                        "us to 2147483647 us");
    expect_out_of_range(Linger::wait(-1s),
                        "setsockopt SO_LINGER: -1 s is out of range, which is from 0 s to 2147483 "
                        "s");
    expect_out_of_range(BindToDevice{"a-name-of-sixteen"},
                        "setsockopt SO_BINDTODEVICE: a name has at most 15 bytes here");
    expect_out_of_range(BindToDevice{{std::string("e\0h0", 4)}},
                        "setsockopt SO_BINDTODEVICE: a name holds no zero byte");
}

TEST(SocketOptions, ADeviceThatIsNotThereIsTheKernelsError) {
    auto socket = open_kind(SocketKind::udp_v4);
    const auto done = set(*socket, BindToDevice{"no-such-dev"});
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().is(ENODEV)) << done.error().message();
}

TEST(SocketOptions, AKindThatHasNoSuchOptionIsNamed) {
    expect_no_such_option(ZeroCopy{}, SocketKind::unix_stream,
                          "setsockopt SO_ZEROCOPY: a Unix stream socket has no such option; it is "
                          "for: TCP, UDP");
    expect_no_such_option(ZeroCopy{}, SocketKind::netlink,
                          "setsockopt SO_ZEROCOPY: a netlink socket has no such option; it is for: "
                          "TCP, UDP");
}

TEST(SocketOptions, ASocketTellsWhatItIs) {
    for (const SocketKind kind : testing_help::every_socket_kind()) {
        auto socket = open_kind(kind);
        if (!socket) continue;
        EXPECT_EQ(kind_of(get<Domain>(*socket)->value, get<Type>(*socket)->value,
                          get<ProtocolNumber>(*socket)->value),
                  kind);
        EXPECT_FALSE(get<IsListening>(*socket)->on);
        EXPECT_EQ(get<PendingError>(*socket)->code, 0);
    }
    auto udp = open_kind(SocketKind::udp_v6);
    EXPECT_EQ(get<Domain>(*udp)->to_string(), "AF_INET6");
    EXPECT_EQ(get<Type>(*udp)->to_string(), "SOCK_DGRAM");
    EXPECT_EQ(get<ProtocolNumber>(*udp)->to_string(), "IPPROTO_UDP");
    EXPECT_EQ(PendingError{ECONNRESET}.to_string(), "Connection reset by peer");
}

TEST(SocketOptions, WhatCameByNoDeviceHasNoNapiId) {
    auto pair = connected_kind(SocketKind::udp_v4);
    ASSERT_TRUE(pair->first.write_all(bytes_of("x")));
    std::array<std::byte, 1> room;
    ASSERT_TRUE(pair->second.read_exact(room));
    EXPECT_EQ(get<IncomingNapiId>(pair->second)->value, 0);
}

TEST(SocketOptions, AListenerSaysSo) {
    auto listener = Socket::listen_on(SocketAddress::parse("127.0.0.1:0").value());
    ASSERT_TRUE(listener);
    EXPECT_TRUE(get<IsListening>(*listener)->on);
}

TEST(SocketOptions, AnErrorThatWaitsIsToldOnce) {
    auto client = open_kind(SocketKind::udp_v4);
    auto gone = open_kind(SocketKind::udp_v4);
    ASSERT_TRUE(gone->bind({IpAddress::loopback_v4(), 0}));
    const auto nobody = gone->local_address().value();
    gone.reset();
    ASSERT_TRUE(client->connect(nobody));
    ASSERT_TRUE(client->write_some(bytes_of("x")));
    int code = 0;
    EXPECT_TRUE(eventually([&] { return (code = get<PendingError>(*client)->code) != 0; }));
    EXPECT_EQ(code, ECONNREFUSED);
    EXPECT_EQ(get<PendingError>(*client)->code, 0);
}

TEST(SocketOptions, CookiesNameSocketsAndTheirNamespace) {
    auto one = open_kind(SocketKind::tcp_v4);
    auto other = open_kind(SocketKind::tcp_v4);
    const auto cookie = get<SocketCookie>(*one);
    ASSERT_TRUE(cookie);
    EXPECT_NE(cookie->value, 0U);
    EXPECT_EQ(get<SocketCookie>(*one)->value, cookie->value);
    EXPECT_NE(get<SocketCookie>(*other)->value, cookie->value);
    EXPECT_EQ(get<NamespaceCookie>(*one)->value, get<NamespaceCookie>(*other)->value);
}

TEST(SocketOptions, MemoryInfoSeesWhatWaits) {
    auto pair = connected_kind(SocketKind::udp_v4);
    ASSERT_TRUE(pair);
    const auto before = get<MemoryInfo>(pair->second);
    ASSERT_TRUE(before);
    EXPECT_EQ(before->receive_allocated, 0U);
    EXPECT_EQ(before->receive_buffer,
              static_cast<unsigned>(get<ReceiveBuffer>(pair->second)->value));
    EXPECT_EQ(before->send_buffer, static_cast<unsigned>(get<SendBuffer>(pair->second)->value));
    ASSERT_TRUE(pair->first.write_some(bytes_of("hello")));
    EXPECT_TRUE(eventually([&] { return get<MemoryInfo>(pair->second)->receive_allocated > 0; }));
    const auto after = get<MemoryInfo>(pair->second);
    EXPECT_GT(after->receive_allocated, 5U);
    EXPECT_EQ(after->drops, 0U);
    EXPECT_THAT(after->to_string(), ::testing::HasSubstr("drops"));
}

TEST(SocketOptions, DropsAreCounted) {
    auto pair = connected_kind(SocketKind::udp_v4);
    ASSERT_TRUE(set(pair->second, ReceiveBuffer{0}));
    const std::string large(2000, 'x');
    for (int sent = 0; sent < 20; ++sent) ASSERT_TRUE(pair->first.write_some(bytes_of(large)));
    EXPECT_TRUE(eventually([&] { return get<MemoryInfo>(pair->second)->drops > 0; }));
}

// A descriptor that can only be asked, and one that is not there.
TEST(SocketOptions, ErrorsNameTheOption) {
    const Socket none;
    const auto told = get<ReceiveBuffer>(none);
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().message(), "getsockopt SO_RCVBUF: Bad file descriptor");
    const auto done = OptionAccess(none).set_option(SOL_SOCKET, SO_RCVBUF, {});
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().is(EBADF));
}

TEST(SocketOptions, AValueOfAnotherSizeIsMalformed) {
    struct Answers {
        std::size_t size;
        Result<std::size_t> get_option(int, int, MutableBytes) const { return size; }
    };
    Answers too_short{1};
    Answers too_long{8};
    EXPECT_EQ(get<ReceiveBuffer>(too_short).error().message(),
              "getsockopt SO_RCVBUF: the kernel's value has 1 bytes");
    EXPECT_EQ(get<ReceiveBuffer>(too_long).error().cause(), Cause::malformed);
    // Structures grow with time: what is not there is 0.
    Answers structure{8};
    EXPECT_TRUE(get<MemoryInfo>(structure));
}

}  // namespace
}  // namespace fivetuple
