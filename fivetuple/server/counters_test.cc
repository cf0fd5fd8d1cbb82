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
