#include <gtest/gtest.h>

#include "tests/sim/flow.h"
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

// The golden table: what one connection carries over a link of 10 Mbit/s, by the algorithm, the
// losses, the delay and the queue in front of the link. Time is virtual and chance has a seed, so
// each number is exact: where one differs, TCP or the links have changed, and a review sees how.
// FT_UPDATE_GOLDEN=1 (`./dev golden`) writes the table anew.
namespace fivetuple::testing {
namespace {

using namespace std::chrono_literals;
using Algorithm = sim::tcp::Limits::Algorithm;

constexpr const char* kTable = FT_GOLDEN_FOLDER "/throughput.golden";
constexpr std::string_view kHead =
    "# algorithm  loss %  delay ms one way  queue KiB  bytes in 10 s  kbit/s  sent again\n";

using Lines = std::vector<std::string>;

std::string row(Algorithm algorithm, double loss, Duration delay, std::size_t queue) {
    const FlowResult result = run_flow(
        {.algorithm = algorithm,
         .link = {.delay = delay, .rate = 10'000'000, .queue = queue * 1024, .loss = loss}});
    char text[128];
    std::snprintf(text, sizeof text, "%-5s %5.2f %4d %4d %10llu %6.0f %5llu",
                  algorithm == Algorithm::reno ? "reno" : "cubic", loss * 100,
                  static_cast<int>(delay / 1ms), static_cast<int>(queue),
                  static_cast<unsigned long long>(result.bytes), result.kilobits_a_second,
                  static_cast<unsigned long long>(result.repeated));
    return text;
}

Lines measured(Algorithm algorithm) {
    Lines lines;
    lines.reserve(27);
    for (const double loss : {0.0, 0.001, 0.01}) {
        for (const Duration delay : {5ms, 25ms, 100ms}) {
            for (const std::size_t queue : {8, 32, 128}) {
                lines.push_back(row(algorithm, loss, delay, queue));
            }
        }
    }
    return lines;
}

// The rows of the file that begin so, or those that do not.
Lines kept(std::string_view name, bool own) {
    Lines lines;
    std::ifstream file(kTable);
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#') || line.starts_with(name) != own) continue;
        lines.push_back(line);
    }
    return lines;
}

void update(std::string_view name, const Lines& fresh) {
    const Lines others = kept(name, false);
    const bool is_first = name == "reno ";
    std::ofstream file(kTable, std::ios::trunc);
    file << kHead;
    for (const Lines* lines : {is_first ? &fresh : &others, is_first ? &others : &fresh}) {
        for (const std::string& line : *lines) file << line << '\n';
    }
    ASSERT_TRUE(file.flush().good()) << kTable;
}

void compare(Algorithm algorithm, std::string_view name) {
    const Lines fresh = measured(algorithm);
    if (std::getenv("FT_UPDATE_GOLDEN") != nullptr) update(name, fresh);
    const Lines golden = kept(name, true);
    ASSERT_EQ(golden.size(), fresh.size()) << kTable;
    for (std::size_t at = 0; at < fresh.size(); ++at) {
        EXPECT_EQ(golden[at], fresh[at]) << "if that is meant: ./dev golden";
    }
}

TEST(Throughput, OfRenoIsThatOfTheGoldenTable) { compare(Algorithm::reno, "reno "); }

TEST(Throughput, OfCubicIsThatOfTheGoldenTable) { compare(Algorithm::cubic, "cubic "); }

}  // namespace
}  // namespace fivetuple::testing
