#include "measure.h"
#include "progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <random>

namespace bench {
namespace {

constexpr std::chrono::milliseconds kWarmUp{3};

/// A server and the load that is its own.
struct Pair {
    Pair(const ServerSpec& spec, int core, std::size_t place) : server(spec, core), index(place) {}

    Server server;
    std::optional<LoadProcess> load;
    std::size_t index;  ///< Its place among the servers measured.
};

/// What is gathered about one server over all rounds.
struct Gathered {
    Measurement measurement;
    Histogram latencies;
};

std::vector<ServerSpec> able_servers(const Row& row, const Options& options) {
    std::vector<ServerSpec> able;
    for (const ServerSpec& spec : options.servers) {
        if (spec.connections_max == 0 || row.connections <= spec.connections_max) {
            able.push_back(spec);
        }
    }
    return able;
}

std::vector<std::size_t> shuffled(std::size_t count, std::mt19937_64& random) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    return order;
}

/// All servers with all their connections, made in random order: whose memory happens to lie better
/// is luck, which is drawn anew each round instead of favouring one server all through the row.
std::vector<Pair> start_pairs(const Row& row, const std::vector<ServerSpec>& specs,
                              const Options& options, std::mt19937_64& random) {
    std::vector<Pair> pairs;
    pairs.reserve(specs.size());
    for (const std::size_t at : shuffled(specs.size(), random)) {
        pairs.emplace_back(specs[at], options.server_core, at);
    }
    // Only now, for a load keeps a pointer to its server.
    for (Pair& pair : pairs) {
        pair.load.emplace(row, pair.server, options.load_core);
        pair.load->wait_until_open();
    }
    return pairs;
}

/// One slice for each server, in random order; by the servers' places.
std::vector<Slice> rotate(std::vector<Pair>& pairs, std::chrono::milliseconds length,
                          std::mt19937_64& random) {
    std::vector<Slice> slices(pairs.size());
    for (const std::size_t at : shuffled(pairs.size(), random)) {
        slices[pairs[at].index] = pairs[at].load->run(kWarmUp, length);
    }
    return slices;
}

void measure_round(const Row& row, std::vector<Pair> pairs, const Options& options,
                   std::mt19937_64& random, std::vector<Gathered>& all) {
    const std::chrono::milliseconds length(options.slice_milliseconds * row.slice_factor);
    const int rotations = std::max(1, options.rotations * row.rotation_factor / row.slice_factor);
    rotate(pairs, length, random);  // The first one warms everything up and is forgotten.
    for (Pair& pair : pairs) pair.load->take_latencies();
    for (Gathered& gathered : all) gathered.measurement.rounds.emplace_back();
    for (int rotation = 0; rotation < rotations; ++rotation) {
        const std::vector<Slice> slices = rotate(pairs, length, random);
        for (std::size_t at = 0; at < all.size(); ++at) {
            all[at].measurement.rounds.back().push_back(slices[at]);
        }
    }
    for (Pair& pair : pairs) {
        all[pair.index].latencies.add(pair.load->take_latencies());
        pair.load.reset();
        pair.server.stop();
    }
}

std::vector<double> of_slices(const std::vector<Slice>& slices, double (Slice::*value)() const) {
    std::vector<double> values;
    for (const Slice& slice : slices) values.push_back((slice.*value)());
    return values;
}

void summarise(Gathered& gathered, const Measurement& reference) {
    std::vector<double> cpu, ratios, rates;
    Measurement& measured = gathered.measurement;
    for (std::size_t round = 0; round < measured.rounds.size(); ++round) {
        const auto own = of_slices(measured.rounds[round], &Slice::cpu_us_per_request);
        const auto base = of_slices(reference.rounds[round], &Slice::cpu_us_per_request);
        std::vector<double> in_rotation;
        for (std::size_t at = 0; at < own.size(); ++at) in_rotation.push_back(own[at] / base[at]);
        cpu.push_back(median(own));
        ratios.push_back(median(in_rotation));
        rates.push_back(median(of_slices(measured.rounds[round], &Slice::requests_per_second)));
    }
    measured.cpu_us_per_request = figure_of(cpu);
    measured.ratio = figure_of(ratios);
    measured.requests_per_second = median(rates);
    measured.latency_median_us = gathered.latencies.quantile(0.5) / 1e3;
    measured.latency_p99_us = gathered.latencies.quantile(0.99) / 1e3;
}

}  // namespace

RowResult measure_row(const Row& row, const Options& options) {
    const std::vector<ServerSpec> specs = able_servers(row, options);
    std::vector<Gathered> all(specs.size());
    for (std::size_t at = 0; at < specs.size(); ++at) all[at].measurement.server = specs[at].name;
    std::mt19937_64 random(options.seed);
    const DisturbanceWatch watch;
    for (int round = 0; round < options.rounds; ++round) {
        show_progress(fmt::format("row {}: round {} of {}", row.name, round + 1, options.rounds));
        measure_round(row, start_pairs(row, specs, options, random), options, random, all);
    }
    RowResult result{row, {}, watch.so_far()};
    for (Gathered& gathered : all) summarise(gathered, all.front().measurement);
    for (Gathered& gathered : all) result.servers.push_back(std::move(gathered.measurement));
    clear_progress();
    return result;
}

}  // namespace bench
