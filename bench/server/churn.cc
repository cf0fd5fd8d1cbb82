#include "helper.h"
#include "progress.h"
#include "server_state.h"
#include "short_connections.h"
#include "trials.h"

#include <fmt/format.h>

namespace bench {
namespace {

constexpr std::uint64_t kQuickMany = 50'000;
/// As many as have the server grow to what it needs.
constexpr std::uint64_t kWarmUp = 20'000;
/// A chunk of the pool of frames: what it takes at a time.
constexpr double kMemoryMostKib = 64;
constexpr double kLongestMostMs = 100;
constexpr std::chrono::milliseconds kSettle{2500};

std::uint64_t total_of(const Settings& settings) {
    return settings.quick ? kQuickMany : settings.churn;
}

Finding none(std::string what, double measured) {
    return {std::move(what), "", just(measured), 0, 0.0, 0.0};
}

struct Churned {
    std::uint64_t failed = 0;
    std::uint64_t answered = 0;
    double seconds = 0;
    double longest_ms = 0;
    double p9999_ms = 0;
};

Churned churn(const Settings& settings, const Server& server, std::uint64_t total) {
    ShortConnections how;
    how.server = server.address();
    how.total = total;
    how.resets = true;
    const Nanoseconds began = now();
    Helper<ShortTally> load(settings.load_core,
                            [&](ShortTally& tally) { make_short_connections(how, tally); });
    load.join(std::chrono::seconds(300));
    return {load->failed(), load->answered, static_cast<double>((now() - began).count()) / 1e9,
            static_cast<double>(load->longest_ns) / 1e6, load->latency.quantile(0.9999) / 1e6};
}

void measure_backend(const Settings& settings, const std::string& backend, Trial& trial) {
    const std::uint64_t total = total_of(settings);
    show_progress(fmt::format("churn: {} connections on {}", total, backend));
    const TemporaryFolder folder;
    const std::string control = folder.path("control");
    Server server(settings.server(backend, {"--control", control}), settings.server_core);
    churn(settings, server, kWarmUp);
    pause_for(kSettle);
    const ServerState before = look_at(server, control);
    const Churned done = churn(settings, server, total);
    pause_for(kSettle);
    const ServerState after = look_at(server, control);
    const auto more = [&](const char* name) { return after.metric(name) - before.metric(name); };
    auto& all = trial.findings;
    all.push_back({backend + ": connections a second", "",
                   just(static_cast<double>(done.answered) / done.seconds)});
    all.push_back(none(backend + ": connections without their answer",
                       static_cast<double>(total - done.answered + done.failed)));
    all.push_back(
        none(backend + ": descriptors more than before",
             static_cast<double>(after.descriptors) - static_cast<double>(before.descriptors)));
    all.push_back(none(backend + ": tasks more than before",
                       static_cast<double>(after.tasks) - static_cast<double>(before.tasks)));
    all.push_back(none(backend + ": accepted and not counted as served",
                       more("fivetuple_server_accepted_total") - static_cast<double>(total)));
    all.push_back({backend + ": memory more than before", "KiB",
                   just(static_cast<double>(after.anonymous_bytes - before.anonymous_bytes) / 1024),
                   0, kMemoryMostKib});
    all.push_back({backend + ": connect to first byte, all but one in 10,000 within", "ms",
                   just(done.p9999_ms), 2});
    all.push_back({backend + ": connect to first byte, longest", "ms", just(done.longest_ms), 1,
                   kLongestMostMs});
    server.stop();
}

}  // namespace

Trial measure_churn(const Settings& settings) {
    Trial trial;
    trial.title = fmt::format("{} connections, one request each", total_of(settings));
    trial.method =
        "Connect, 64 bytes there and back, close, every second one by a reset; 32 at a time, as "
        "fast as it goes, from 4,096 loopback addresses. What the process holds is counted 2.5 s "
        "after the last of 20,000 that go before, and 2.5 s after the last.";
    for (const std::string& backend : settings.backends) measure_backend(settings, backend, trial);
    return trial;
}

}  // namespace bench
