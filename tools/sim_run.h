#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"

#include "tools/scenarios/scenario.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What `ft sim` does, behind its options.
namespace ft_tool {

/// One run to be looked at.
struct SimRun {
    const ft_scenarios::Scenario* scenario = nullptr;
    ft_scenarios::Values values{{}};
    std::uint64_t seed = 1;
    std::optional<std::vector<std::size_t>> only;
    std::string pcap;  ///< Files to write; none where it is empty.
    std::string svg;
    bool tells_timeline = false;
    bool tells_packets = false;
    std::size_t most_lines = 100;  ///< Of the timeline; 0: all.
    bool makes_small = true;       ///< The trouble of one that fails.
};

/// Many runs, of which only those that fail are told.
struct SimSearch {
    std::vector<const ft_scenarios::Scenario*> scenarios;
    std::vector<std::string> settings;  ///< `NAME=VALUE`, for each of them.
    std::uint64_t first_seed = 1;
    std::uint64_t last_seed = 1;
    unsigned jobs = 1;
    bool runs_twice = false;
    bool ends_with_first = false;  ///< That fails; it is told, and not made small.
    std::optional<fivetuple::Duration> within;
};

/// Runs one and prints what came of it; the exit code.
int run_once(const SimRun& run);
/// Looks for seeds that fail, on several cores; prints how to replay the first of each scenario,
/// and of the very first all that is known, made small. The exit code.
int search(const SimSearch& search);

/// `ft sim NAME --seed 7 loss=0.1 --only 2,5`
std::string replay_line(const SimRun& run);
/// Figures, checks, and of a failure the state of all hosts.
void print_report(const SimRun& run, const ft_scenarios::Report& report);
/// Runs it again with less and less trouble while it still fails, and prints the least.
void print_smallest(SimRun run, const ft_scenarios::Report& report);

}  // namespace ft_tool
