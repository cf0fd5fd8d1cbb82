#include "fivetuple/server/counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/testing.h"
#include <regex>
#include <set>
#include <sstream>

namespace fivetuple::testing_help {
namespace {

using ::testing::HasSubstr;

ServerCounters some() {
    ServerCounters counters;
    counters.accepted = 7;
    counters.reasons[Reason::address] = 2;
    counters.reasons[Reason::idle] = 3;
    counters.broken[104] = 1;
    counters.connection_time.record(2'000'000'000);
    return counters;
}

TEST(ServerCounters, H4_TheyReadAsPrometheusText) {
    const std::string text = to_prometheus(some());
    EXPECT_THAT(text, HasSubstr("# TYPE fivetuple_server_accepted_total counter\n"
                                "fivetuple_server_accepted_total 7\n"));
    EXPECT_THAT(text, HasSubstr("fivetuple_server_refused_total{reason=\"address\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("fivetuple_server_ended_total{reason=\"idle\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("fivetuple_server_broken_total{errno=\"104\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("fivetuple_server_connection_seconds_count 1\n"));
}

TEST(ServerCounters, H4_BucketsCountWhatIsBelowTheirBound) {
    ServerCounters counters;
    counters.handler_time.record(5'000);
    counters.handler_time.record(8'192);
    counters.handler_time.record(1'000'000'000'000);
    const std::string text = to_prometheus(counters);
    const std::string name = "fivetuple_server_handler_seconds";
    EXPECT_THAT(text, HasSubstr("# TYPE " + name + " histogram\n"));
    EXPECT_THAT(text, HasSubstr(name + "_bucket{le=\"8.192e-06\"} 1\n"));
    EXPECT_THAT(text, HasSubstr(name + "_bucket{le=\"1.6384e-05\"} 2\n"));
    EXPECT_THAT(text, HasSubstr(name + "_bucket{le=\"137.438953\"} 2\n"));
    EXPECT_THAT(text, HasSubstr(name + "_bucket{le=\"+Inf\"} 3\n"));
    EXPECT_THAT(text, HasSubstr(name + "_sum 1000.00001\n"));
    EXPECT_THAT(text, HasSubstr(name + "_count 3\n"));
}

TEST(ServerCounters, H4_EachWorkerHasItsOwnLinesOfAFamily) {
    const ServerCounters one = some();
    const ServerCounters other;
    const LabelledCounters both[] = {{"worker=\"0\"", &one}, {"worker=\"1\"", &other}};
    EXPECT_THAT(to_prometheus(both, "fivetuple_worker_"),
                HasSubstr("# TYPE fivetuple_worker_accepted_total counter\n"
                          "fivetuple_worker_accepted_total{worker=\"0\"} 7\n"
                          "fivetuple_worker_accepted_total{worker=\"1\"} 0\n"
                          "# HELP fivetuple_worker_served_total"));
}

TEST(ServerCounters, AnErrnoThatLinuxDoesNotHaveIsCountedAllTheSame) {
    ServerCounters counters;
    counters.broken[104]++;
    counters.broken[5000]++;
    counters.broken[-1]++;
    EXPECT_EQ(counters.broken[104], 1u);
    EXPECT_EQ(counters.broken[ByErrno::kCodes - 1], 2u);
}

TEST(ServerCounters, EveryLineIsOneThatTheFormatAllows) {
    static const std::regex comment("# (HELP|TYPE) [a-z_]+ .+");
    static const std::regex sample(R"([a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+)");
    std::istringstream lines(to_prometheus(some(), "worker=\"1\""));
    std::set<std::string> seen;
    for (std::string line; std::getline(lines, line);) {
        EXPECT_TRUE(std::regex_match(line, comment) || std::regex_match(line, sample)) << line;
        EXPECT_TRUE(seen.insert(line).second) << "twice: " << line;
    }
    EXPECT_GT(seen.size(), 30u);
}

TEST(ServerCounters, ThoseOfSeveralAddUp) {
    ServerCounters sum = some();
    sum += some();
    EXPECT_EQ(sum.accepted, 14u);
    EXPECT_EQ(sum.reasons[Reason::idle], 6u);
    EXPECT_EQ(sum.broken[104], 2u);
    EXPECT_EQ(sum.connection_time.count(), 2u);
}

TEST(Reason, EachHasANameOfItsOwn) {
    std::set<std::string_view> names;
    for (std::size_t each = 0; each < kReasons; ++each) {
        names.insert(to_string(static_cast<Reason>(each)));
    }
    EXPECT_EQ(names.size(), kReasons);
    EXPECT_FALSE(names.contains(""));
    EXPECT_TRUE(is_refusal(Reason::shortage));
    EXPECT_FALSE(is_refusal(Reason::first_byte));
}

}  // namespace
}  // namespace fivetuple::testing_help
