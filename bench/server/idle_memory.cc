#include "helper.h"
#include "load_process.h"
#include "progress.h"
#include "trials.h"

#include <fmt/format.h>

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr double kBareMost = 512;
constexpr double kServerMost = 1024;
constexpr int kWarmConnections = 64;
constexpr int kFew = 1'000;
constexpr int kMany = 10'000;
/// Time for the server to close what its peers have closed.
constexpr std::chrono::milliseconds kSettle{300};

/// With so many connections that have had a request each and are idle.
std::int64_t bytes_with(const Settings& settings, Server& server, int connections) {
    const Row row = {.name = "idle",
                     .caption = "",
                     .meaning = "",
                     .connections = connections,
                     .in_flight_max = kWarmConnections};
    LoadProcess load(row, server, settings.load_core);
    load.wait_until_open();
    load.run({}, {});
    pause_for(kSettle);
    return server.anonymous_bytes();
}

void measure_one(const Settings& settings, const ServerSpec& spec, double most, Trial& trial) {
    show_progress("idle connections: " + spec.name);
    Server server(spec, settings.server_core);
    bytes_with(settings, server, kWarmConnections);
    pause_for(kSettle);
    const auto alone = static_cast<double>(server.anonymous_bytes());
    const auto few = static_cast<double>(bytes_with(settings, server, kFew));
    pause_for(kSettle);
    const auto many = static_cast<double>(bytes_with(settings, server, kMany));
    const double slope = (many - few) / (kMany - kFew);
    trial.findings.push_back({spec.name + ", each further one", "B", just(slope), 0, most});
    trial.findings.push_back({spec.name + ", 1,000 beyond 1,000 times that", "KiB",
                              just((few - alone - slope * kFew) / 1024), 0});
    trial.findings.push_back({spec.name + ", without any", "KiB", just(alone / 1024), 0});
    server.stop();
}

}  // namespace

Trial measure_idle_connections(const Settings& settings) {
    Trial trial;
    trial.title = "Memory of an idle connection";
    trial.method =
        "Anonymous memory of the server with 1,000 and with 10,000 connections that have had one "
        "request each: what each of the 9,000 adds, and what is fixed. The echo of the bare "
        "library, and the same handler in a Server.";
    for (const std::string& backend : settings.backends) {
        measure_one(settings, settings.bare_server(backend), kBareMost, trial);
        measure_one(settings, settings.server(backend), kServerMost, trial);
    }
    return trial;
}

}  // namespace bench
