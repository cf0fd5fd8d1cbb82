#include "fivetuple/transport/ping.h"

#include "fivetuple/task/within.h"

#include "tests/testing/own_loop.h"
#include <chrono>
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;
using Kind = PingEvent::Kind;

// All groups may have ping sockets.
bool allow_ping_sockets() { return set_sysctl("net/ipv4/ping_group_range", "0 2147483647"); }

Task<std::vector<PingEvent>> all_of(Ping& ping) {
    std::vector<PingEvent> events;
    while (true) {
        auto event = co_await ping.next();
        EXPECT_TRUE(event) << event.error().message();
        if (!event || !*event) co_return events;
        events.push_back(**std::move(event));
    }
}

using PingTest = OwnNetworkTest;
FT_IN_KERNEL_WORLDS(PingTest);

TEST_P(PingTest, B3_EachProbeIsAnsweredByEitherKindOfSocket) {
    in_a_network([](Loop& loop) -> Task<void> {
        for (const PingMeans means : {PingMeans::raw_socket, PingMeans::ping_socket}) {
            if (means == PingMeans::ping_socket) {
                EXPECT_TRUE(allow_ping_sockets());
            }
            for (const char* to : {"127.0.0.1", "::1"}) {
                SCOPED_TRACE(to);
                PingOptions options;
                options.count = 3;
                options.interval = 1ms;
                const IpAddress address = IpAddress::parse(to).value();
                auto opened = Ping::open(loop, address, options);
                EXPECT_TRUE(opened) << opened.error().message();
                if (!opened) co_return;
                Ping ping = *std::move(opened);
                EXPECT_EQ(ping.means(), means) << ping.because();
                EXPECT_FALSE(ping.because().empty());
                const auto events = co_await all_of(ping);
                EXPECT_EQ(events.size(), 3U);
                std::uint64_t sequence = 0;
                for (const PingEvent& each : events) {
                    EXPECT_EQ(each.kind, Kind::reply) << each.to_string();
                    EXPECT_EQ(each.sequence, ++sequence);
                    EXPECT_EQ(each.from, address);
                    EXPECT_EQ(each.size, 64U);
                    EXPECT_EQ(each.ttl, 64);
                    EXPECT_GT(each.round_trip, Duration::zero());
                    EXPECT_TRUE(each.by_kernel);
                    EXPECT_FALSE(each.is_damaged);
                }
                EXPECT_EQ(ping.statistics().received, 3U);
                EXPECT_EQ(ping.statistics().loss(), 0);
                EXPECT_LE(ping.statistics().least(), ping.statistics().most());
            }
        }
    });
}

TEST_P(PingTest, B3_ProbesOfAnySizeComeBackWhole) {
    in_a_network([](Loop& loop) -> Task<void> {
        for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 1500U, 20000U}) {
            PingOptions options;
            options.count = 1;
            options.size = size;
            auto ping = Ping::open(loop, IpAddress::loopback_v4(), options).value();
            const auto events = co_await all_of(ping);
            EXPECT_EQ(events.size(), 1U);
            if (events.size() != 1) co_return;
            EXPECT_EQ(events[0].kind, Kind::reply) << events[0].to_string();
            EXPECT_EQ(events[0].size, size + 8);
            EXPECT_FALSE(events[0].is_damaged);
        }
    });
}

TEST_P(PingTest, B3_WhoCannotBeReachedIsSaidByWhomAndWhy) {
    in_a_network([](Loop& loop) -> Task<void> {
        const Router router;
        EXPECT_TRUE(router.is_up());
        EXPECT_TRUE(
            router.there("ip route add prohibit 10.9.0.0/16; "
                         "ip route add blackhole 10.10.0.0/16; "
                         "ip route add 10.11.0.0/16 via 10.7.0.1"));
        struct Case {
            const char* to;
            std::optional<int> ttl;
            Kind kind;
            const char* words;
        };
        const Case cases[] = {
            {"10.8.0.1", {}, Kind::failure, "From 10.7.0.2 icmp_seq=1 network unreachable"},
            {"10.9.0.1", {}, Kind::failure, "From 10.7.0.2 icmp_seq=1 prohibited by a filter"},
            {"10.11.0.1", 1, Kind::failure, "From 10.7.0.2 icmp_seq=1 time to live exceeded"},
            {"10.10.0.1", {}, Kind::silence, "no answer for icmp_seq=1 within 300 ms"},
            {"10.7.0.2", {}, Kind::reply, nullptr},
        };
        for (const bool by_ping_socket : {false, true}) {
            if (by_ping_socket) {
                EXPECT_TRUE(allow_ping_sockets());
            }
            for (const Case& each : cases) {
                SCOPED_TRACE(each.to);
                PingOptions options;
                options.count = 1;
                options.ttl = each.ttl;
                // What is answered is answered at once.
                options.timeout = each.kind == Kind::silence ? Duration(300ms) : Duration(20s);
                auto ping = Ping::open(loop, IpAddress::parse(each.to).value(), options).value();
                const auto events = co_await all_of(ping);
                EXPECT_EQ(events.size(), 1U);
                if (events.size() != 1) co_return;
                EXPECT_EQ(events[0].kind, each.kind) << events[0].to_string();
                if (each.words != nullptr) {
                    EXPECT_EQ(events[0].to_string(), each.words);
                }
                EXPECT_EQ(ping.statistics().loss(), each.kind == Kind::reply ? 0 : 1);
            }
        }
    });
}

TEST_P(PingTest, B3_AProbeThatCannotBeSentIsAnEventAndTheNextOneGoes) {
    in_a_network([](Loop& loop) -> Task<void> {
        PingOptions options;
        options.count = 2;
        options.interval = 20ms;
        auto ping = Ping::open(loop, IpAddress::parse("10.1.2.3").value(), options).value();
        auto first = co_await ping.next();
        EXPECT_TRUE(first && *first);
        if (!first || !*first) co_return;
        EXPECT_EQ((*first)->to_string(), "icmp_seq=1 could not be sent: Network is unreachable");
        EXPECT_TRUE(Router::command("ip addr add 10.1.2.3/32 dev lo"));
        const auto rest = co_await all_of(ping);
        EXPECT_EQ(rest.size(), 1U);
        if (rest.size() != 1) co_return;
        EXPECT_EQ(rest[0].kind, Kind::reply) << rest[0].to_string();
        EXPECT_EQ(rest[0].sequence, 2U);
        EXPECT_EQ(ping.statistics().unsent, 1U);
        EXPECT_EQ(ping.statistics().sent, 1U);
    });
}

TEST_P(PingTest, B3_TwoAtOnceDoNotTakeEachOthersAnswers) {
    in_a_network([](Loop& loop) -> Task<void> {
        PingOptions options;
        options.count = 5;
        options.interval = 1ms;
        auto one = Ping::open(loop, IpAddress::loopback_v4(), options).value();
        auto other = Ping::open(loop, IpAddress::loopback_v4(), options).value();
        for (int at = 0; at < 5; ++at) {
            for (Ping* each : {&one, &other}) {
                const auto event = co_await each->next();
                EXPECT_TRUE(event && *event);
                if (event && *event) {
                    EXPECT_EQ((*event)->kind, Kind::reply);
                }
            }
        }
        for (Ping* each : {&one, &other}) {
            const auto rest = co_await all_of(*each);
            EXPECT_TRUE(rest.empty());
            EXPECT_EQ(each->statistics().received, 5U);
            EXPECT_EQ(each->statistics().duplicates, 0U);
        }
    });
}

TEST_P(PingTest, B3_TheCallersDeadlineEndsIt) {
    in_a_network([](Loop& loop) -> Task<void> {
        PingOptions options;
        options.interval = 1h;
        auto ping = Ping::open(loop, IpAddress::loopback_v4(), options).value();
        const auto first = co_await within(20s, ping.next());
        EXPECT_TRUE(first && *first);
        const auto late = co_await within(50ms, ping.next());
        EXPECT_FALSE(late);
        EXPECT_TRUE(late.error().is_deadline()) << late.error().message();
        ping.stop();
        const auto over = co_await ping.next();
        EXPECT_TRUE(over && !*over);
    });
}

TEST_P(PingTest, B3_WhatCannotBeHasANamedError) {
    in_a_network([](Loop& loop) -> Task<void> {
        const auto message = [&](const PingOptions& options) {
            const auto refused = Ping::open(loop, IpAddress::loopback_v4(), options);
            return refused ? std::string("it was opened") : refused.error().message();
        };
        PingOptions large;
        large.size = 65508;
        EXPECT_EQ(message(large), "ping: a packet carries 65507 bytes of payload at most");
        PingOptions far;
        far.ttl = 256;
        EXPECT_EQ(message(far), "ping: a packet may pass 1 to 255 routers, not 256");
        PingOptions six;
        six.from = IpAddress::loopback_v6();
        EXPECT_EQ(message(six), "bind ::1: it is of another family than 127.0.0.1");
        PingOptions foreign;
        foreign.from = IpAddress::parse("10.1.2.3").value();
        EXPECT_EQ(message(foreign), "bind 10.1.2.3:0: Cannot assign requested address");
        EXPECT_TRUE(drop_raw_sockets());
        EXPECT_EQ(message({}),
                  "socket ICMP: neither raw sockets (CAP_NET_RAW) nor ping sockets "
                  "(net.ipv4.ping_group_range) are allowed here");
        co_return;
    });
}

}  // namespace
}  // namespace fivetuple::testing_help
