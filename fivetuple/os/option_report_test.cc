#include "fivetuple/os/option_report.h"

#include "fivetuple/os/options.h"

#include "tests/testing/child.h"
#include "tests/testing/option_checks.h"
#include <fstream>

namespace fivetuple {
namespace {

using ::testing::HasSubstr;
using testing_help::connected_kind;
using testing_help::in_child;
using testing_help::open_kind;
using namespace std::chrono_literals;

int sysctl_of(const std::string& name) {
    std::ifstream file("/proc/sys/" + name);
    int value = 0;
    file >> value;
    return value;
}

template <SettableOption O>
OptionOutcome only(Socket& socket, const O& option) {
    return apply(socket, option).outcomes().at(0);
}

TEST(OptionReport, WhatIsKeptAsAskedNeedsNoWords) {
    auto socket = open_kind(SocketKind::tcp_v4);
    const OptionReport report = apply(*socket, NoDelay{}, KeepAliveIdle{30s}, Linger::reset());
    EXPECT_TRUE(report.all_set());
    EXPECT_TRUE(report.all_as_asked());
    EXPECT_EQ(report.first_failure(), nullptr);
    ASSERT_EQ(report.outcomes().size(), 3U);
    EXPECT_STREQ(report.outcomes()[1].key.name, "TCP_KEEPIDLE");
    EXPECT_EQ(report.outcomes()[1].asked, "30 s");
    EXPECT_EQ(report.outcomes()[1].kept, "30 s");
    EXPECT_EQ(report.outcomes()[1].because, "");
    EXPECT_EQ(get<KeepAliveIdle>(*socket)->value, 30s);
}

TEST(OptionReport, J8_BuffersAreDoubledAndTheReportSaysSo) {
    auto socket = open_kind(SocketKind::tcp_v4);
    const OptionOutcome outcome = only(*socket, ReceiveBuffer{50000});
    EXPECT_EQ(outcome.outcome, Kept::doubled);
    EXPECT_EQ(outcome.asked, "50000 bytes");
    EXPECT_EQ(outcome.kept, "100000 bytes");
    EXPECT_EQ(outcome.because, "the kernel doubles it for its own overhead");
}

TEST(OptionReport, BuffersAreClippedToTheSystemsLimit) {
    auto socket = open_kind(SocketKind::udp_v6);
    const int limit = sysctl_of("net/core/wmem_max");
    ASSERT_GT(limit, 0);
    const OptionOutcome outcome = only(*socket, SendBuffer{limit + 1});
    EXPECT_EQ(outcome.outcome, Kept::clipped);
    EXPECT_EQ(outcome.kept, std::to_string(2 * limit) + " bytes");
    EXPECT_EQ(outcome.because, "clipped to net.core.wmem_max (" + std::to_string(limit) +
                                   "), then doubled for overhead");
    EXPECT_EQ(only(*socket, ReceiveBuffer{sysctl_of("net/core/rmem_max")}).outcome, Kept::doubled);
}

TEST(OptionReport, TinyBuffersAreRaised) {
    auto socket = open_kind(SocketKind::unix_stream);
    EXPECT_EQ(only(*socket, ReceiveBuffer{1}).outcome, Kept::raised);
    EXPECT_EQ(only(*socket, SendBuffer{1}).because, "the least that the kernel allows");
}

TEST(OptionReport, AForcedBufferIsReadByItsPlainTwin) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs CAP_NET_ADMIN";
    auto socket = open_kind(SocketKind::tcp_v4);
    const OptionOutcome outcome = only(*socket, ForcedReceiveBuffer{32 << 20});
    EXPECT_EQ(outcome.outcome, Kept::doubled);
    EXPECT_EQ(outcome.kept, "67108864 bytes");
}

TEST(OptionReport, RoundingIsExplained) {
    auto socket = open_kind(SocketKind::tcp_v4);
    const OptionOutcome defer = only(*socket, DeferAccept{5s});
    EXPECT_EQ(defer.outcome, Kept::rounded);
    EXPECT_EQ(defer.kept, "7 s");
    EXPECT_EQ(defer.because, "rounded up to a whole number of SYN-ACK retransmissions");
    const OptionOutcome timeout = only(*socket, ReceiveTimeout{1us});
    EXPECT_EQ(timeout.outcome, Kept::rounded);
}

TEST(OptionReport, LimitsAreExplained) {
    auto socket = open_kind(SocketKind::tcp_v4);
    EXPECT_EQ(only(*socket, FinWaitLimit{1000s}).outcome, Kept::clipped);
    EXPECT_EQ(only(*socket, FinWaitLimit{1000s}).kept, "120 s");
    EXPECT_EQ(only(*socket, FinWaitLimit{0s}).because, "0 stands for net.ipv4.tcp_fin_timeout");
    EXPECT_EQ(only(*socket, FastOpen{1 << 30}).because, "clipped to net.core.somaxconn");
    EXPECT_EQ(only(*socket, WindowClamp{10}).outcome, Kept::raised);
    EXPECT_EQ(only(*socket, ReceiveLowWater{INT_MAX}).outcome, Kept::clipped);
}

TEST(OptionReport, MinusOneStandsForTheDefault) {
    auto v4 = open_kind(SocketKind::udp_v4);
    EXPECT_EQ(only(*v4, TimeToLive{-1}).because, "-1 stands for net.ipv4.ip_default_ttl");
    EXPECT_EQ(only(*v4, MulticastTtl{-1}).kept, "1 hops");
    auto v6 = open_kind(SocketKind::udp_v6);
    EXPECT_EQ(only(*v6, V6UnicastHops{-1}).outcome, Kept::changed);
}

TEST(OptionReport, E1_WhatIsTakenWithoutAWordAndNotKeptIsSeen) {
    auto tcp = open_kind(SocketKind::tcp_v4);
    const OptionOutcome tos =
        only(*tcp, TypeOfService{ServiceByte{.dscp = 46, .ecn = Ecn::capable_0}});
    EXPECT_EQ(tos.outcome, Kept::ignored);
    EXPECT_EQ(tos.asked, "dscp 46, ECT(0)");
    EXPECT_EQ(tos.kept, "dscp 46, not ECN-capable");
    EXPECT_EQ(tos.because, "TCP sets the congestion mark by itself");

    auto pair = connected_kind(SocketKind::tcp_v4);
    const OptionOutcome segment = only(pair->first, MaxSegment{1000});
    EXPECT_EQ(segment.outcome, Kept::ignored);
    EXPECT_EQ(segment.because, "it counts only before connecting or listening");
}

TEST(OptionReport, WhatAKindKeepsAndDoesNotUseIsNamed) {
    auto udp = open_kind(SocketKind::udp_v4);
    const OptionOutcome outcome = only(*udp, KeepAlive{});
    EXPECT_EQ(outcome.outcome, Kept::no_effect);
    EXPECT_EQ(outcome.because,
              "a UDP socket over IPv4 does nothing with it; it is for: TCP, MPTCP");
}

TEST(OptionReport, WhatAKindLacksIsUnsupportedAndTheRestGoesOn) {
    auto unix_socket = open_kind(SocketKind::unix_stream);
    const OptionReport report = apply(*unix_socket, NoDelay{}, PassCredentials{}, UserTimeout{1s});
    EXPECT_FALSE(report.all_set());
    EXPECT_EQ(report.outcomes()[0].outcome, Kept::unsupported);
    EXPECT_THAT(report.outcomes()[0].because, HasSubstr("a Unix stream socket has no such option"));
    EXPECT_EQ(report.outcomes()[1].outcome, Kept::as_asked);
    EXPECT_EQ(report.outcomes()[2].outcome, Kept::unsupported);
    EXPECT_EQ(report.first_failure(), &report.outcomes()[0]);
    EXPECT_TRUE(get<PassCredentials>(*unix_socket)->on);
}

TEST(OptionReport, WhatIsOutOfRangeIsRefused) {
    auto socket = open_kind(SocketKind::tcp_v4);
    const OptionOutcome outcome = only(*socket, KeepAliveProbes{1000});
    EXPECT_EQ(outcome.outcome, Kept::refused);
    EXPECT_FALSE(outcome.is_set());
    EXPECT_THAT(outcome.because, HasSubstr("out of range"));
}

TEST(OptionReport, WhatNeedsACapabilityIsForbidden) {
    const std::string said = in_child([] {
        auto socket = open_kind(SocketKind::tcp_v4);
        if (::setuid(65534) != 0) return std::string("no other user");
        const OptionOutcome outcome = only(*socket, Mark{7});
        return std::string(to_string(outcome.outcome)) + ": " + outcome.because;
    });
    if (said == "no other user") GTEST_SKIP() << "cannot become another user here";
    EXPECT_EQ(said, "forbidden: Operation not permitted: it needs CAP_NET_ADMIN or CAP_NET_RAW");
}

TEST(OptionReport, WhatTheKernelDoesNotTellIsSaidToBeSo) {
    auto udp = open_kind(SocketKind::udp_v4);
    const IpAddress group = IpAddress::parse("239.1.2.3").value();
    const MulticastVia lo = MulticastVia::device("lo").value();
    const OptionOutcome join = only(*udp, JoinGroup{group, lo});
    EXPECT_EQ(join.outcome, Kept::not_told) << join.because;
    EXPECT_EQ(join.asked, "239.1.2.3 by lo");
    EXPECT_EQ(join.kept, "");
    const OptionOutcome way = only(*udp, MulticastInterface{lo});
    EXPECT_EQ(way.outcome, Kept::not_told);
    auto v6 = open_kind(SocketKind::udp_v6);
    EXPECT_STREQ(only(*v6, JoinGroup{IpAddress::loopback_v6()}).key.name, "IPV6_JOIN_GROUP");
}

TEST(OptionReport, PrintsATable) {
    auto socket = open_kind(SocketKind::udp_v4);
    const OptionReport report = apply(*socket, ReceiveBuffer{50000}, Broadcast{}, TimeToLive{300});
    EXPECT_EQ(report.to_string(),
              "option        asked        kept          outcome   because\n"
              "SO_RCVBUF     50000 bytes  100000 bytes  doubled   the kernel doubles it for its "
              "own overhead\n"
              "SO_BROADCAST  on           on            as asked\n"
              "IP_TTL        300 hops     -             refused   300 hops is out of range, which "
              "is from -1 hops to 255 hops\n");
}

}  // namespace
}  // namespace fivetuple
