// What the simulator does on one core: segments of TCP a second with everything that a segment
// goes through, whole transfers by seed, and a world of many hosts with its memory. All in virtual
// time, so that only the CPU counts; each figure is the best of some rounds, which others on the
// machine disturbed least.

#include "bench/sim/crowd.h"
#include "bench/sim/transfers.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

namespace {

using namespace std::chrono_literals;
using ft_bench_sim::Transfers;

struct Case {
    std::string name;
    fivetuple::sim::LinkOptions options;
    std::size_t bytes;
    bool both_ways;
};

void report(const std::string& name, const Transfers& done) {
    fmt::print("| {} | {} | {:.1f} | {:.3f} | {:.0f} |\n", name, done.segments,
               done.simulated_seconds, done.seconds,
               static_cast<double>(done.segments) / done.seconds);
    std::fflush(stdout);
}

void measure_segments(int rounds) {
    const Case cases[] = {
        {"256 MiB one way, 1 ms", {.delay = 1ms}, std::size_t{256} << 20, false},
        {"64 MiB each way, 1 ms", {.delay = 1ms}, std::size_t{64} << 20, true},
        {"64 MiB one way, 100 Mbit/s, 10 ms, a queue of 64 KiB",
         {.delay = 10ms, .rate = 100'000'000, .queue = 65536},
         std::size_t{64} << 20,
         false},
        {"16 MiB one way, 40 ms, 1 % loss",
         {.delay = 40ms, .loss = 0.01},
         std::size_t{16} << 20,
         false},
    };
    fmt::print(
        "\n### Segments of TCP, with checksums, over a link\n\n"
        "| transfer | segments | simulated s | CPU s | segments/s |\n|---|---:|---:|---:|---:|\n");
    for (const Case& each : cases) {
        Transfers best;
        for (int round = 0; round < rounds; ++round) {
            const Transfers done =
                ft_bench_sim::transfer(1, each.options, each.bytes, each.both_ways);
            if (round == 0 || done.seconds < best.seconds) best = done;
        }
        report(each.name, best);
    }
}

void measure_seeds(int seeds) {
    Transfers all;
    double longest = 0;
    for (int seed = 1; seed <= seeds; ++seed) {
        const Transfers done = ft_bench_sim::transfer(static_cast<std::uint64_t>(seed),
                                                      {.delay = 40ms, .loss = 0.02}, 1 << 20, true);
        all.segments += done.segments;
        all.seconds += done.seconds;
        all.simulated_seconds += done.simulated_seconds;
        longest = std::max(longest, done.simulated_seconds);
    }
    fmt::print(
        "\n### 1 MiB each way, 2 % loss, 40 ms, by seed\n\n"
        "| seeds | segments | simulated s | CPU s | segments/s |\n|---:|---:|---:|---:|---:|\n"
        "| {} | {} | {:.0f} | {:.2f} | {:.0f} |\n\nThe longest took {:.1f} simulated seconds.\n",
        seeds, all.segments, all.simulated_seconds, all.seconds,
        static_cast<double>(all.segments) / all.seconds, longest);
    std::fflush(stdout);
}

void measure_crowd(std::size_t hosts) {
    fmt::print(
        "\n### A world of many hosts with one connection each\n\n"
        "| hosts | keep-alive | bytes a host | bytes a connection | CPU s to connect "
        "| CPU s for an idle hour |\n|---:|---|---:|---:|---:|---:|\n");
    for (const bool keep_alive : {false, true}) {
        const auto crowd = ft_bench_sim::gather(hosts, keep_alive);
        fmt::print("| {} | {} | {:.0f} | {:.0f} | {:.2f} | {:.4f} |\n", crowd.hosts,
                   keep_alive ? "10 min" : "none", crowd.bytes_a_host, crowd.bytes_a_connection,
                   crowd.connect_seconds, crowd.idle_hour_seconds);
        std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Measures the simulator: segments a second, transfers by seed, many hosts.");
    int rounds = 3;
    int seeds = 1000;
    std::size_t hosts = 10'000;
    std::string only;
    app.add_option("--rounds", rounds, "rounds of which the best counts")->capture_default_str();
    app.add_option("--seeds", seeds, "seeds of the transfer with losses")->capture_default_str();
    app.add_option("--hosts", hosts, "hosts of the large world")->capture_default_str();
    app.add_option("--only", only, "one part: segments, seeds or hosts")
        ->check(CLI::IsMember({"segments", "seeds", "hosts"}));
    CLI11_PARSE(app, argc, argv);
    if (only.empty() || only == "segments") measure_segments(std::max(rounds, 1));
    if (only.empty() || only == "seeds") measure_seeds(seeds);
    if (only.empty() || only == "hosts") measure_crowd(hosts);
    return 0;
}
