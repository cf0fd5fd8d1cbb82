#include "fivetuple/diag/counters.h"

#include "fivetuple/diag/proc_file.h"

#include <gtest/gtest.h>

#include <set>

using namespace std::chrono_literals;

namespace fivetuple::diag {
namespace {

TEST(SocketCounters, PairsOfLinesAreRead) {
    NetCounters counters;
    ASSERT_TRUE(
        read_pairs_of_lines("Tcp: MaxConn ActiveOpens RetransSegs\nTcp: -1 7 9\n"
                            "Nobody: Knows\nNobody: 1\n"
                            "TcpExt: ListenOverflows ListenDrops\nTcpExt: 3 4\n",
                            counters));
    EXPECT_EQ(counters.active_opens, 7u);
    EXPECT_EQ(counters.segments_retransmitted, 9u);
    EXPECT_EQ(counters.accept_overflows, 3u);
    EXPECT_EQ(counters.accept_drops, 4u);
    EXPECT_FALSE(counters.passive_opens.has_value());
    EXPECT_TRUE(read_pairs_of_lines("", counters));
}

TEST(SocketCounters, LinesThatDoNotFitAreErrors) {
    for (const char* text : {"Tcp: A B\nTcp: 1\n", "Tcp: A\nTcp: 1 2\n", "Tcp: A\nUdp: 1\n",
                             "Tcp: A\n", "Tcp A\nTcp 1\n", "Tcp: A\nTcp: x\n"}) {
        NetCounters counters;
        EXPECT_EQ(read_pairs_of_lines(text, counters).error().cause(), Cause::malformed) << text;
    }
    NetCounters counters;
    EXPECT_FALSE(read_groups("TCP: alloc x\n", counters));
    EXPECT_FALSE(read_groups("TCP: alloc\n", counters));
    EXPECT_FALSE(read_groups("TCP alloc 1\n", counters));
    EXPECT_FALSE(read_names_and_numbers("Udp6InErrors many\n", counters));
}

TEST(SocketCounters, BothKindsOfIpCountTogether) {
    NetCounters counters;
    ASSERT_TRUE(read_pairs_of_lines("Udp: InDatagrams RcvbufErrors\nUdp: 5 1\n", counters));
    ASSERT_TRUE(read_names_and_numbers("Ip6InReceives 3\nUdp6InDatagrams\t20\nUdp6RcvbufErrors 2\n",
                                       counters));
    EXPECT_EQ(counters.datagrams_received, 25u);
    EXPECT_EQ(counters.datagram_receive_drops, 3u);
    ASSERT_TRUE(
        read_groups("sockets: used 9\nTCP: inuse 1 orphan 2 tw 3 alloc 4 mem 5\n"
                    "UDP: inuse 6 mem 7\n",
                    counters));
    ASSERT_TRUE(read_groups("TCP6: inuse 10\nUDP6: inuse 20\n", counters));
    EXPECT_EQ(counters.sockets, 9u);
    EXPECT_EQ(counters.tcp_orphans, 2u);
    EXPECT_EQ(counters.tcp_time_wait, 3u);
    EXPECT_EQ(counters.udp_sockets, 26u);
}

TEST(SocketCounters, AreThereOnThisMachine) {
    const auto counters = NetCounters::read();
    ASSERT_TRUE(counters) << counters.error().message();
    for (const NetCounters::Field& each : NetCounters::fields()) {
        EXPECT_TRUE(((*counters).*each.member).has_value()) << each.kernel_name;
    }
}

TEST(SocketCounters, HaveNamesOfTheirOwn) {
    std::set<std::string_view> names;
    std::set<std::string_view> kernel_names;
    for (const NetCounters::Field& each : NetCounters::fields()) {
        EXPECT_TRUE(names.insert(each.name).second) << each.name;
        EXPECT_TRUE(kernel_names.insert(each.kernel_name).second) << each.kernel_name;
    }
}

TEST(SocketCounters, RatesAreOfWhatGrew) {
    NetCounters before;
    NetCounters after;
    before.active_opens = 10;
    after.active_opens = 30;
    before.timeouts = 7;
    after.timeouts = 3;
    before.established = 1;
    after.established = 2;
    after.segments_sent = 5;
    const auto all = rates(before, after, 2s);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].name, "active_opens");
    EXPECT_EQ(all[0].more, 20u);
    EXPECT_DOUBLE_EQ(all[0].a_second, 10);
    EXPECT_EQ(all[1].more, 0u);
    EXPECT_DOUBLE_EQ(rates(before, after, 0s)[0].a_second, 0);
}

TEST(ProcFiles, SettingsAreNumbers) {
    const auto range = read_setting("net.ipv4.ip_local_port_range");
    ASSERT_TRUE(range) << range.error().message();
    ASSERT_EQ(range->size(), 2u);
    EXPECT_LT((*range)[0], (*range)[1]);
    EXPECT_TRUE(read_setting("net.no.such").error().is(ENOENT));
    EXPECT_EQ(read_setting("kernel.ostype").error().cause(), Cause::malformed);
}

}  // namespace
}  // namespace fivetuple::diag
