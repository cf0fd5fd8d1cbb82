#include "helper.h"
#include "progress.h"
#include "server_state.h"
#include "short_connections.h"
#include "trials.h"

#include <fmt/format.h>

#include <memory>

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr double kPerSecond = 5'000;
constexpr int kTimes = 8;
constexpr int kQuickTimes = 2;

Finding none(std::string what, std::uint64_t count) {
    return {std::move(what), "", just(static_cast<double>(count)), 0, 0.0};
}

void measure_backend(const Settings& settings, const std::string& backend, Trial& trial) {
    const TemporaryFolder folder;
    const ServerSpec spec = settings.server(backend, {"--hand-over", folder.path("successor")});
    auto serving = std::make_unique<Server>(spec, settings.server_core);
    ShortConnections how;
    how.server = serving->address();
    how.per_second = kPerSecond;
    how.at_once = 5'000;
    const Nanoseconds began = now();
    Helper<ShortTally> load(settings.load_core,
                            [&](ShortTally& tally) { make_short_connections(how, tally); });
    load.watch(1s);
    const int times = settings.quick ? kQuickTimes : kTimes;
    for (int each = 0; each < times; ++each) {
        show_progress(fmt::format("hand-over {} of {} on {}", each + 1, times, backend));
        auto successor = std::make_unique<Server>(spec, settings.server_core);
        serving->wait_for_end(20s);
        serving = std::move(successor);
        load.watch(500ms);
    }
    load->is_over = true;
    load.join(30s);
    const double seconds = static_cast<double>((now() - began).count()) / 1e9;
    serving->stop();
    auto& all = trial.findings;
    all.push_back({fmt::format("{}: hand-overs", backend), "", just(times)});
    all.push_back(
        {backend + ": connections answered", "", just(static_cast<double>(load->answered))});
    all.push_back({backend + ": connections a second", "",
                   just(static_cast<double>(load->answered) / seconds)});
    all.push_back(none(backend + ": refused", load->refused));
    all.push_back(none(backend + ": reset", load->reset));
    all.push_back(none(backend + ": ended without an answer, or none within 20 s",
                       load->ended + load->overdue));
    all.push_back({backend + ": connect to first byte, longest", "ms",
                   just(static_cast<double>(load->longest_ns) / 1e6), 1});
}

}  // namespace

Trial measure_hand_over(const Settings& settings) {
    Trial trial;
    trial.title = "A server hands over under load";
    trial.method =
        "5,000 connections a second at fixed times, 64 bytes there and back on each. Meanwhile the "
        "server's program is started again and again: each gets the listener of the one before, "
        "which finishes with those that it has, and ends.";
    for (const std::string& backend : settings.backends) measure_backend(settings, backend, trial);
    return trial;
}

}  // namespace bench
