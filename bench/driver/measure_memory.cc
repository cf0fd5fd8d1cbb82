#include "measure.h"
#include "progress.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>

namespace bench {
namespace {

constexpr int kConnections = 10'000;
constexpr int kWarmConnections = 64;
constexpr std::chrono::milliseconds kWarmUp{50};
/// Time for the server to close what its peers have closed.
constexpr timespec kSettle = {0, 200'000'000};

/// Serves a few connections and sees them go: what that allocates once is no connection's.
void warm_up(Server& server, int core) {
    LoadProcess load(
        {.name = "warm-up", .caption = "", .meaning = "", .connections = kWarmConnections}, server,
        core);
    load.wait_until_open();
    load.run({}, kWarmUp);
}

IdleMemory measure_one(const ServerSpec& spec, const Options& options) {
    const int connections =
        spec.connections_max > 0 ? std::min(spec.connections_max, kConnections) : kConnections;
    const Row row = {.name = "idle",
                     .caption = "",
                     .meaning = "",
                     .connections = connections,
                     .in_flight_max = kWarmConnections};
    Server server(spec, options.server_core);
    warm_up(server, options.load_core);
    nanosleep(&kSettle, nullptr);
    const std::int64_t base = server.anonymous_bytes();
    LoadProcess load(row, server, options.load_core);
    load.wait_until_open();
    load.run({}, {});
    const std::int64_t with_connections = server.anonymous_bytes();
    server.must_be_alive();
    return {spec.name, static_cast<double>(with_connections - base) / connections, base};
}

}  // namespace

std::vector<IdleMemory> measure_idle_memory(const Options& options) {
    std::vector<IdleMemory> all;
    for (const ServerSpec& spec : options.servers) {
        if (spec.connections_max == 1) continue;  // It has no second one to compare with.
        show_progress("idle connections: " + spec.name);
        all.push_back(measure_one(spec, options));
    }
    clear_progress();
    return all;
}

}  // namespace bench
