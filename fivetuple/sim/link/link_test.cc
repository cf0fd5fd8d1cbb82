#include "fivetuple/sim/link/link.h"

#include "fivetuple/sim/ip/header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace fivetuple::sim {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{};

struct Arrived {
    std::size_t number;  // As it was sent.
    Time at;
};

// Notes which packet comes when; packets are known by their identification.
class Arrivals final : public Onward {
public:
    void forward(Packet packet, Time at) override {
        const auto view = read_ip(packet.bytes());
        if (!view) {
            ++garbage;
            return;
        }
        all.push_back({view->header.identification, at});
        marked += (view->header.traffic_class & 3) == 3;
    }
    std::vector<Arrived> all;
    std::size_t garbage = 0;
    std::size_t marked = 0;
};

Packet packet_of(std::size_t number, std::size_t size) {
    const IpHeader header{.source = *IpAddress::parse("10.0.0.1"),
                          .destination = *IpAddress::parse("10.0.0.2"),
                          .traffic_class = 2,
                          .identification = static_cast<std::uint32_t>(number)};
    Packet packet = make_ip(header, size - 20);
    std::ranges::fill(payload_of(packet, header), std::byte{0});
    return packet;
}

// `count` packets, one each `gap`.
Arrivals sent_over(Link& link, std::size_t count, std::size_t size = 1000,
                   Duration gap = Duration::zero()) {
    Arrivals arrivals;
    for (std::size_t number = 0; number < count; ++number) {
        link.send(packet_of(number, size), kStart + gap * static_cast<int>(number), arrivals);
    }
    return arrivals;
}

bool are_in_order(const Arrivals& arrivals) {
    return std::ranges::is_sorted(arrivals.all, {}, &Arrived::number) &&
           std::ranges::is_sorted(arrivals.all, {}, &Arrived::at);
}

TEST(Link, WithoutOptionsAllArriveAtOnce) {
    Link link({}, Streams(1));
    const Arrivals got = sent_over(link, 100);
    ASSERT_EQ(got.all.size(), 100u);
    for (const Arrived& one : got.all) EXPECT_EQ(one.at, kStart);
    EXPECT_TRUE(are_in_order(got));
    EXPECT_EQ(link.to_string(), "100 sent");
}

TEST(Link, DelayIsTheSameForAll) {
    Link link({.delay = 40ms}, Streams(1));
    for (const Arrived& one : sent_over(link, 10).all) EXPECT_EQ(one.at, kStart + 40ms);
}

TEST(Link, ALineTakesItsTimeForEachByte) {
    // 1,000 bytes at 8 Mbit/s are a millisecond.
    Link link({.rate = 8'000'000}, Streams(1));
    const Arrivals got = sent_over(link, 10);
    ASSERT_EQ(got.all.size(), 10u);
    for (std::size_t at = 0; at < 10; ++at) {
        EXPECT_EQ(got.all[at].at, kStart + 1ms * (static_cast<int>(at) + 1));
    }
}

TEST(Link, AFullQueueDropsWhatComes) {
    Link link({.rate = 8'000'000, .queue = 5000}, Streams(1));
    EXPECT_EQ(sent_over(link, 10).all.size(), 5u);
    EXPECT_EQ(link.to_string(), "10 sent, queue 5");
    // In time there is room again.
    Arrivals later;
    link.send(packet_of(99, 1000), kStart + 1ms, later);
    ASSERT_EQ(later.all.size(), 1u);
    EXPECT_EQ(later.all[0].at, kStart + 6ms);
}

TEST(Link, AQueueMarksInsteadOfDropping) {
    Link link({.rate = 8'000'000, .queue = 100'000, .mark_above = 3000}, Streams(1));
    const Arrivals got = sent_over(link, 10);
    EXPECT_EQ(got.all.size(), 10u);
    EXPECT_EQ(got.marked, 7u);
}

TEST(Link, LossIsAsProbableAsAsked) {
    Link link({.loss = 0.05}, Streams(1));
    const Arrivals got = sent_over(link, 20'000, 100);
    EXPECT_NEAR(static_cast<double>(got.all.size()), 19'000, 200);
    EXPECT_EQ(link.stages()[0]->struck(), 20'000 - got.all.size());
    EXPECT_TRUE(are_in_order(got));
}

TEST(Link, BurstsLoseNeighbours) {
    Link link({.bursts = {.begin = 0.01, .end = 0.25}}, Streams(1));
    const Arrivals got = sent_over(link, 50'000, 100);
    const std::size_t lost = 50'000 - got.all.size();
    // In the bad state for 0.01 / (0.01 + 0.25) of the time.
    EXPECT_NEAR(static_cast<double>(lost), 50'000 * 0.01 / 0.26, 300);
    std::size_t bursts = 0;
    for (std::size_t at = 1; at < got.all.size(); ++at) {
        bursts += got.all[at].number > got.all[at - 1].number + 1;
    }
    EXPECT_NEAR(static_cast<double>(lost) / static_cast<double>(bursts), 4, 0.5);
}

TEST(Link, SomeComeTwiceAndSomeComeChanged) {
    Link link({.duplicate = 0.1}, Streams(1));
    EXPECT_NEAR(static_cast<double>(sent_over(link, 10'000, 100).all.size()), 11'000, 150);
    Link noisy({.corrupt = 0.1}, Streams(1));
    const Arrivals got = sent_over(noisy, 10'000, 20);
    EXPECT_NEAR(static_cast<double>(got.garbage), 1000, 150);
    EXPECT_EQ(got.garbage + got.all.size(), 10'000u);
}

TEST(Link, JitterKeepsTheOrderUnlessItMayOvertake) {
    for (const Spread spread : {Spread::uniform, Spread::exponential, Spread::heavy_tail}) {
        Link link({.delay = 10ms, .jitter = 5ms, .spread = spread}, Streams(1));
        const Arrivals got = sent_over(link, 1000, 100, 1ms);
        EXPECT_TRUE(are_in_order(got));
        EXPECT_GT(got.all.back().at - kStart, 10ms);
        Link wild({.delay = 10ms, .jitter = 5ms, .spread = spread, .may_overtake = true},
                  Streams(1));
        EXPECT_FALSE(are_in_order(sent_over(wild, 1000, 100, 1ms)));
    }
}

TEST(Link, JitterIsAsLargeAsAskedOnAverage) {
    for (const Spread spread : {Spread::uniform, Spread::exponential, Spread::heavy_tail}) {
        Link link({.jitter = 10ms, .spread = spread, .may_overtake = true}, Streams(1));
        double sum = 0;
        for (const Arrived& one : sent_over(link, 50'000, 100).all) {
            sum += std::chrono::duration<double, std::milli>(one.at - kStart).count();
        }
        const double expected = spread == Spread::uniform ? 5 : 10;
        // The heavy tail is cut at a hundred times, which takes a tenth off its mean.
        EXPECT_NEAR(sum / 50'000, expected, expected / 6);
    }
}

TEST(Link, HeldBackPacketsAreOvertaken) {
    Link link({.delay = 5ms, .reorder = 0.05, .reorder_by = 3ms}, Streams(1));
    const Arrivals got = sent_over(link, 1000, 100, 1ms);
    EXPECT_EQ(got.all.size(), 1000u);
    std::size_t late = 0;
    for (const Arrived& one : got.all) {
        late += one.at - (kStart + 1ms * static_cast<int>(one.number)) == 8ms;
    }
    EXPECT_NEAR(static_cast<double>(late), 50, 25);
}

TEST(Link, ABlackHoleSwallowsAndACutLosesWhatIsOnItsWay) {
    Link link({.delay = 1ms}, Streams(1));
    const std::uint32_t before = link.cuts();
    link.swallow(true);
    EXPECT_TRUE(sent_over(link, 5).all.empty());
    EXPECT_EQ(link.to_string(), "5 sent, swallowed 5");
    link.swallow(false);
    EXPECT_EQ(sent_over(link, 5).all.size(), 5u);
    link.lose_all_on_the_way();
    EXPECT_NE(link.cuts(), before);
}

TEST(Link, TheSameSeedGivesTheSameWayAndAnotherSeedAnother) {
    const LinkOptions options{.delay = 1ms,
                              .jitter = 5ms,
                              .spread = Spread::exponential,
                              .may_overtake = true,
                              .loss = 0.1,
                              .duplicate = 0.1};
    const auto trace = [&](std::uint64_t seed) {
        Link link(options, Streams(seed).child("link/a-b"));
        std::string text;
        for (const Arrived& one : sent_over(link, 500, 100).all) {
            text += std::to_string(one.number) + '@' +
                    std::to_string(one.at.time_since_epoch().count()) + ' ';
        }
        return text;
    };
    EXPECT_EQ(trace(7), trace(7));
    EXPECT_NE(trace(7), trace(8));
}

TEST(Streams, AreToldApartByTheirNamesAlone) {
    const Streams streams(42);
    EXPECT_EQ(streams.named("a").next(), streams.named("a").next());
    EXPECT_NE(streams.named("a").next(), streams.named("b").next());
    EXPECT_NE(streams.named("a").next(), Streams(43).named("a").next());
    EXPECT_NE(streams.child("a").named("b").next(), streams.named("b").next());
}

// Turns each packet that it sees around in time: what a user's own stage may do.
class HoldOdd final : public Stage {
public:
    void pass(Packet packet, Time at, Onward& onward) override {
        const bool is_odd = read_ip(packet.bytes())->header.identification % 2 == 1;
        onward.forward(std::move(packet), at + (is_odd ? 7ms : 0ms));
    }
    const char* name() const override { return "hold odd"; }
};

TEST(Link, TakesStagesOfOnesOwn) {
    Link link({.delay = 1ms}, Streams(1));
    link.add(std::make_unique<HoldOdd>());
    const Arrivals got = sent_over(link, 2);
    EXPECT_EQ(got.all[0].at, kStart + 1ms);
    EXPECT_EQ(got.all[1].at, kStart + 8ms);
}

}  // namespace
}  // namespace fivetuple::sim
