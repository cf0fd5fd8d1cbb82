#include "helper.h"
#include "progress.h"
#include "slow_load.h"
#include "steady_load.h"
#include "trials.h"

#include <fmt/format.h>

#include <algorithm>

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr double kTailMost = 1.5;
constexpr std::chrono::milliseconds kDue = 12s;
constexpr std::chrono::milliseconds kWrite = 8s;
/// How much later than its limit a peer may be seen to go: the round that sees it is the load's.
constexpr double kLatenessMost = 1.0;
constexpr std::size_t kEnough = 9'000;  ///< Connections for which one process is enough.

/// What the honest ones' latencies are counted under.
enum Phase : std::size_t { kAlone, kBeside, kWhileEnded, kUncounted };

struct Sizes {
    std::size_t slow = 10'000;  ///< Of each kind.
    std::size_t honest = 1'000;
    int rounds = 2;
    std::chrono::milliseconds slice = 4s;
};

Sizes sizes_for(const Settings& settings) {
    if (settings.quick) return {1'000, 200, 1, 2s};
    return {};
}

/// One server process, or several that listen side by side: none may have more descriptors than
/// the system allows.
std::vector<std::unique_ptr<Server>> start_servers(const Settings& settings,
                                                   const std::string& backend, std::size_t count) {
    std::vector<std::unique_ptr<Server>> servers;
    std::vector<std::string> options = {"--handler",    "records",
                                        "--reuse-port", "1",
                                        "--first-byte", "60000",
                                        "--due",        std::to_string(kDue.count()),
                                        "--write",      std::to_string(kWrite.count())};
    for (std::size_t each = 0; each < count; ++each) {
        servers.push_back(
            std::make_unique<Server>(settings.server(backend, options), settings.server_core));
        if (each > 0) continue;
        options.insert(options.end(),
                       {"--port", std::to_string(ntohs(servers[0]->address().sin_port))});
    }
    return servers;
}

struct Ended {
    double unfinished = 0;
    double earliest = 0;  ///< Seconds after its limit; less than 0 is too early.
    double latest = 0;
    bool is_known = false;

    void add(const SlowPeers& how, SlowTally& tally, double limit, double late_most) {
        unfinished += static_cast<double>(how.count - tally.gone);
        if (tally.gone == 0) return;
        const double first = static_cast<double>(tally.shortest_ns) / 1e9 - limit;
        const double last = static_cast<double>(tally.longest_ns) / 1e9 - late_most;
        earliest = is_known ? std::min(earliest, first) : first;
        latest = is_known ? std::max(latest, last) : last;
        is_known = true;
    }
};

void wait_until(HelperProcess& helper, const std::function<bool()>& is_so,
                std::chrono::milliseconds patience) {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (!is_so() && std::chrono::steady_clock::now() < give_up) helper.watch(20ms);
}

/// Slow ones come, stay for a slice, and are ended by their limits.
void run_beside(const Settings& settings, const Sizes& sizes, const sockaddr_in& server,
                Helper<SteadyTally>& honest, Ended& trickling, Ended& never_reading) {
    SlowPeers slow[2];
    slow[0] = {server, SlowPeers::Kind::trickling, sizes.slow, 5s, 2s, 0x7f010001};
    slow[1] = {server, SlowPeers::Kind::never_reading, sizes.slow, {}, 2s, 0x7f020001};
    const auto hold = [&](const SlowPeers& how) {
        return [&how](SlowTally& tally) { hold_slow_peers(how, tally); };
    };
    Helper<SlowTally> first(settings.load_core, hold(slow[0]));
    Helper<SlowTally> second(settings.load_core, hold(slow[1]));
    for (auto* each : {&first, &second}) {
        wait_until(*each, [&] { return (*each)->connected == sizes.slow; }, 60s);
    }
    for (auto* each : {&first, &second}) (*each)->may_begin = true;
    for (auto* each : {&first, &second}) {
        wait_until(*each, [&] { return (*each)->begun == sizes.slow; }, 20s);
    }
    honest->phase = kBeside;
    honest.watch(sizes.slice);
    honest->phase = kWhileEnded;
    for (auto* each : {&first, &second}) {
        wait_until(*each, [&] { return (*each)->gone == sizes.slow; }, 25s);
        (*each)->is_over = true;
        each->join(20s);
    }
    honest->phase = kUncounted;
    const double due = std::chrono::duration<double>(kDue).count();
    const double write = std::chrono::duration<double>(kWrite).count();
    trickling.add(slow[0], *first, due, due);
    never_reading.add(slow[1], *second, write, write * 1.5);
}

void note_ended(const std::string& who, const Ended& ended, Trial& trial) {
    trial.findings.push_back(
        {who + " that their limit did not end", "", just(ended.unfinished), 0, 0.0});
    trial.findings.push_back({who + ", the first one ended after its limit by", "s",
                              just(ended.earliest), 2, std::nullopt, 0.0});
    trial.findings.push_back({who + ", the last one ended after its limit by", "s",
                              just(ended.latest), 2, kLatenessMost});
}

void measure_backend(const Settings& settings, const std::string& backend, Trial& trial) {
    show_progress("slow peers on " + backend);
    const Sizes sizes = sizes_for(settings);
    const auto servers = start_servers(settings, backend, 2 * sizes.slow > kEnough * 2 ? 2 : 1);
    SteadyConnections how{servers[0]->address(), sizes.honest, 500ms, 0x7f030001};
    Helper<SteadyTally> honest(settings.load_core,
                               [&](SteadyTally& tally) { hold_steady_connections(how, tally); });
    wait_until(honest, [&] { return honest->connected == sizes.honest; }, 30s);
    honest->phase = kUncounted;
    honest->may_ask = true;
    honest.watch(1s);
    Ended trickling, never_reading;
    for (int round = 0; round < sizes.rounds; ++round) {
        honest->phase = kAlone;
        honest.watch(sizes.slice);
        honest->phase = kUncounted;
        run_beside(settings, sizes, how.server, honest, trickling, never_reading);
        honest.watch(1s);
    }
    honest->phase = kAlone;
    honest.watch(sizes.slice);
    honest->is_over = true;
    honest.join(30s);
    const auto p99 = [&](Phase phase) { return honest->latency[phase].quantile(0.99) / 1e6; };
    auto& all = trial.findings;
    all.push_back({backend + ": honest p99, alone", "ms", just(p99(kAlone)), 3});
    all.push_back({backend + ": honest p99, beside them", "ms", just(p99(kBeside)), 3});
    all.push_back({backend + ": ratio", "", just(p99(kBeside) / p99(kAlone)), 2, kTailMost});
    all.push_back(
        {backend + ": honest p99, while they are ended", "ms", just(p99(kWhileEnded)), 3});
    all.push_back({backend + ": honest connections or answers lost", "",
                   just(static_cast<double>(honest->lost + honest->late)), 0, 0.0});
    note_ended(backend + ": trickling ones", trickling, trial);
    note_ended(backend + ": never-reading ones", never_reading, trial);
    for (const auto& each : servers) each->stop();
}

}  // namespace

Trial measure_slow_peers(const Settings& settings) {
    const Sizes sizes = sizes_for(settings);
    Trial trial;
    trial.title = "Slow peers beside honest ones";
    trial.method = fmt::format(
        "{} connections send a byte every 5 s of a request that never ends, {} ask for 256 KiB "
        "and read nothing, {} ask for 64 bytes every 500 ms at fixed times. A request has 12 s to "
        "come whole, a write 8 s (and half as much again). Slices of {} s alone and beside them in "
        "turns, {} rounds.{}",
        sizes.slow, sizes.slow, sizes.honest, sizes.slice / 1s, sizes.rounds,
        2 * sizes.slow > kEnough * 2 ? " Two server processes listen side by side." : "");
    for (const std::string& backend : settings.backends) measure_backend(settings, backend, trial);
    return trial;
}

}  // namespace bench
