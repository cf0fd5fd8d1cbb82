#include <gtest/gtest.h>

#include "tests/sim/flow.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <ostream>
#include <string>

// What TCP carries over a link that loses one packet of so many, against what theory says of it:
// the mean window, in segments, which is throughput times the round trip. The round trip is the one
// that the sender sees: an acknowledgement that is delayed lengthens it, and that is all it does
// here, since the window grows by what is acknowledged and not by how often. Links have no limit
// but their losses. Not golden are windows of Reno below about fifteen segments, where half of an
// odd number is rounded down, and links on which CUBIC's curve and Reno's are near each other:
// there the window follows the higher one at every moment, and theory knows one of them.
namespace fivetuple::testing {
namespace {

using namespace std::chrono_literals;
using Algorithm = sim::tcp::Limits::Algorithm;

// M. Mathis et al., "The macroscopic behavior of the TCP congestion avoidance algorithm", 1997
double mathis_window(double loss) { return std::sqrt(1.5 / loss); }

// RFC 9438, section 5.1, with C = 0.4 and beta = 0.7; where Reno would have more, section 4.3.
double cubic_window(double loss, double round_trip) {
    const double cubic = 1.054 * std::pow(round_trip / loss, 0.75);
    return std::max(cubic, mathis_window(loss));
}

struct Golden {
    Algorithm algorithm;
    std::uint64_t lose_every;
    Duration delay;  // One way.
    Duration measured;
};

std::ostream& operator<<(std::ostream& to, const Golden& link) {
    return to << (link.algorithm == Algorithm::reno ? "Reno" : "Cubic") << "OneIn"
              << link.lose_every << "At" << link.delay / 1ms << "ms";
}

double theory(const Golden& link, double round_trip) {
    const double loss = 1 / static_cast<double>(link.lose_every);
    if (link.algorithm == Algorithm::reno) return mathis_window(loss);
    return cubic_window(loss, round_trip);
}

class Theory : public ::testing::TestWithParam<Golden> {};

TEST_P(Theory, TheSteadyStateIsWithinFifteenPercentOfIt) {
    const Golden& link = GetParam();
    FlowOptions options{.algorithm = link.algorithm,
                        .link = {.delay = link.delay},
                        .lose_every = link.lose_every,
                        .warm_up = link.measured / 4,
                        .measured = link.measured};
    const FlowResult result = run_flow(options);
    const double expected = theory(link, result.round_trip);
    RecordProperty("window", std::to_string(result.window));
    RecordProperty("theory", std::to_string(expected));
    EXPECT_NEAR(result.window, expected, 0.15 * expected)
        << "segments a round trip; ratio " << result.window / expected << ", " << result.packets
        << " packets";
    EXPECT_GE(result.repeated, 20u) << "too few losses to speak of a steady state";
}

INSTANTIATE_TEST_SUITE_P(, Theory,
                         ::testing::Values(Golden{Algorithm::reno, 300, 10ms, 20s},
                                           Golden{Algorithm::reno, 1000, 10ms, 30s},
                                           Golden{Algorithm::reno, 1000, 50ms, 100s},
                                           Golden{Algorithm::reno, 5000, 50ms, 200s},
                                           Golden{Algorithm::cubic, 100, 10ms, 40s},
                                           Golden{Algorithm::cubic, 300, 10ms, 20s},
                                           Golden{Algorithm::cubic, 1000, 10ms, 30s},

                                           Golden{Algorithm::cubic, 1000, 150ms, 200s},
                                           Golden{Algorithm::cubic, 5000, 50ms, 200s},
                                           Golden{Algorithm::cubic, 5000, 150ms, 250s}),
                         [](const auto& link) { return ::testing::PrintToString(link.param); });

// Losses by chance come in bunches and in gaps; of the many sawteeth the mean is still Mathis's.
TEST(TheoryOfChance, RenoIsMathissWithLossesByChance) {
    for (const double loss : {0.001, 0.005}) {
        const FlowResult result = run_flow({.algorithm = Algorithm::reno,
                                            .link = {.delay = 25ms, .loss = loss},
                                            .warm_up = 10s,
                                            .measured = 200s});
        const double expected = mathis_window(loss);
        EXPECT_NEAR(result.window, expected, 0.15 * expected) << "loss " << loss;
    }
}

}  // namespace
}  // namespace fivetuple::testing
