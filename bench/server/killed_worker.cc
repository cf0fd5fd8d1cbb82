#include "failure.h"
#include "helper.h"
#include "progress.h"
#include "server_state.h"
#include "short_connections.h"
#include "steady_load.h"
#include "trials.h"

#include <fmt/format.h>
#include <signal.h>

#include <fstream>

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr int kWorkers = 4;
constexpr std::size_t kSteady = 400;
constexpr double kPerSecond = 2'000;

struct Worker {
    pid_t process;
    std::size_t own;  ///< Descriptors that it had without connections, then its connections.
};

std::vector<Worker> workers_of(const Server& server) {
    const auto give_up = std::chrono::steady_clock::now() + 5s;
    while (std::chrono::steady_clock::now() < give_up) {
        std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", server.pid()));
        std::vector<Worker> all;
        for (pid_t each = 0; children >> each;) all.push_back({each, 0});
        if (all.size() == kWorkers) return all;
        pause_for(20ms);
    }
    throw Failure("cannot kill a worker", "the server has not started as many as it should");
}

void measure_backend(const Settings& settings, const std::string& backend, Trial& trial) {
    show_progress("killed workers on " + backend);
    Server server(settings.server(backend, {"--processes", std::to_string(kWorkers)}),
                  settings.server_core);
    pause_for(500ms);
    std::vector<Worker> workers = workers_of(server);
    for (Worker& each : workers) each.own = descriptors_of(each.process);
    SteadyConnections steady{server.address(), kSteady, 100ms, 0x7f030001};
    Helper<SteadyTally> held(settings.load_core,
                             [&](SteadyTally& tally) { hold_steady_connections(steady, tally); });
    while (held->connected < kSteady) held.watch(50ms);
    for (Worker& each : workers) each.own = descriptors_of(each.process) - each.own;
    held->may_ask = true;
    ShortConnections coming;
    coming.server = server.address();
    coming.per_second = kPerSecond;
    coming.at_once = 4'000;
    Helper<ShortTally> load(settings.load_core,
                            [&](ShortTally& tally) { make_short_connections(coming, tally); });
    load.watch(1s);
    const double before = static_cast<double>(load->longest_ns) / 1e6;
    load->longest_ns = 0;
    const int kills = settings.quick ? 1 : 3;
    std::size_t own = 0;
    for (int each = 0; each < kills; ++each) {
        const Worker& killed = workers[static_cast<std::size_t>(each)];
        own += killed.own;
        kill(killed.process, SIGKILL);
        load.watch(1500ms);
    }
    held->is_over = load->is_over = true;
    load.join(30s);
    held.join(30s);
    server.stop();
    const auto count = [](std::uint64_t number) { return just(static_cast<double>(number)); };
    auto& all = trial.findings;
    all.push_back({fmt::format("{}: workers killed, of {}", backend, kWorkers), "", just(kills)});
    all.push_back({backend + ": standing connections that they had, of 400", "", count(own)});
    all.push_back({backend + ": others of these that broke", "",
                   just(static_cast<double>(held->lost) - static_cast<double>(own)), 0, 0.0, 0.0});
    all.push_back({backend + ": new connections answered", "", count(load->answered)});
    all.push_back({backend + ": refused", "", count(load->refused), 0, 0.0});
    all.push_back({backend + ": no answer within 20 s", "", count(load->overdue), 0, 0.0});
    all.push_back(
        {backend + ": broken, as a killed worker had them", "", count(load->reset + load->ended)});
    all.push_back({backend + ": connect to first byte, longest before", "ms", just(before), 1});
    all.push_back({backend + ": connect to first byte, longest behind a kill", "ms",
                   just(static_cast<double>(load->longest_ns) / 1e6), 1});
}

}  // namespace

Trial measure_killed_workers(const Settings& settings) {
    Trial trial;
    trial.title = "Worker processes killed under load";
    trial.method = fmt::format(
        "{} worker processes, {} connections that ask ten times a second, and {} new ones a second "
        "at fixed times; one worker after the other gets SIGKILL, 1.5 s apart.",
        kWorkers, kSteady, kPerSecond);
    for (const std::string& backend : settings.backends) measure_backend(settings, backend, trial);
    return trial;
}

}  // namespace bench
