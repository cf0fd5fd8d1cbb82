#include "failure.h"
#include "helper.h"
#include "progress.h"
#include "steady_load.h"
#include "trials.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <numeric>

namespace bench {
namespace {

using namespace std::chrono_literals;

constexpr double kBytesMost = 1024;
constexpr double kGrowthMost = 1.01;
constexpr std::uint32_t kFirstSource = 0x7f100001;  // 127.16.0.1, and 127.17.0.1 for the next load

struct Sizes {
    std::size_t connections;
    std::size_t processes;  ///< Of servers, and as many of loads.
    std::chrono::seconds length;
};

class Crowd {
public:
    Crowd(const Settings& settings, const std::string& backend, const Sizes& sizes)
        : settings_(settings), sizes_(sizes) {
        std::vector<std::string> options = {"--reuse-port", "1", "--connections", "100000"};
        for (std::size_t each = 0; each < sizes.processes; ++each) {
            servers_.push_back(
                std::make_unique<Server>(settings.server(backend, options), settings.server_core));
            if (each > 0) continue;
            options.insert(options.end(),
                           {"--port", std::to_string(ntohs(servers_[0]->address().sin_port))});
        }
        alone_ = memory();
    }

    void connect() {
        for (std::size_t each = 0; each < sizes_.processes; ++each) {
            SteadyConnections how;
            how.server = servers_[0]->address();
            how.count = sizes_.connections * (each + 1) / sizes_.processes -
                        sizes_.connections * each / sizes_.processes;
            how.period = 10s;
            how.first_source = kFirstSource + (static_cast<std::uint32_t>(each) << 16);
            loads_.push_back(std::make_unique<Helper<SteadyTally>>(
                settings_.load_core,
                [how](SteadyTally& tally) { hold_steady_connections(how, tally); }));
        }
        const auto give_up = std::chrono::steady_clock::now() + 100s;
        while (sum(&SteadyTally::connected) < sizes_.connections) {
            if (std::chrono::steady_clock::now() > give_up) {
                throw Failure(
                    "cannot hold so many connections",
                    fmt::format("{} were open after 100 s", sum(&SteadyTally::connected)));
            }
            watch(100ms);
        }
    }

    void begin() {
        for (const auto& each : loads_) (*each)->may_ask = true;
    }
    void watch(std::chrono::milliseconds length) {
        for (const auto& each : loads_) each->check();
        loads_.front()->watch(length);
    }
    void end() {
        for (const auto& each : loads_) (*each)->is_over = true;
        for (const auto& each : loads_) each->join(30s);
        for (const auto& each : servers_) each->must_be_alive();
    }

    double memory() const {
        double bytes = 0;
        for (const auto& each : servers_) bytes += static_cast<double>(each->anonymous_bytes());
        return bytes;
    }
    double without_connections() const { return alone_; }
    double quantile(double share) {
        Histogram all;
        for (const auto& each : loads_) all.add((*each)->latency[0]);
        return all.quantile(share);
    }
    template <class T>
    std::uint64_t sum(std::atomic<T> SteadyTally::* count) {
        std::uint64_t all = 0;
        for (const auto& each : loads_) all += (**each).*count;
        return all;
    }

private:
    Settings settings_;
    Sizes sizes_;
    std::vector<std::unique_ptr<Server>> servers_;
    std::vector<std::unique_ptr<Helper<SteadyTally>>> loads_;
    double alone_ = 0;
};

double kernel_bytes_of_tcp() {
    // Pages of buffers; what the sockets themselves take is in slabs.
    std::ifstream file("/proc/net/sockstat");
    for (std::string word; file >> word;) {
        if (word != "mem") continue;
        double pages = 0;
        if (file >> pages) return pages * 4096;
    }
    return 0;
}

double slab_bytes() {
    std::ifstream file("/proc/meminfo");
    std::string name, unit;
    for (double kib = 0; file >> name >> kib; std::getline(file, unit)) {
        if (name == "Slab:") return kib * 1024;
    }
    return 0;
}

void measure_one(const Settings& settings, const std::string& backend, const Sizes& sizes,
                 Trial& trial) {
    const std::string who =
        fmt::format("{}, {} in {}: ", backend, sizes.connections, sizes.processes);
    show_progress(fmt::format("{} connections over {} processes on {}", sizes.connections,
                              sizes.processes, backend));
    const double kernel_before = slab_bytes() + kernel_bytes_of_tcp();
    Crowd crowd(settings, backend, sizes);
    const Nanoseconds began = now();
    crowd.connect();
    const double seconds = static_cast<double>((now() - began).count()) / 1e9;
    const auto count = static_cast<double>(sizes.connections);
    const double kernel = slab_bytes() + kernel_bytes_of_tcp() - kernel_before;
    crowd.begin();
    // All have been busy once, then.
    crowd.watch(std::min<std::chrono::milliseconds>(10s, sizes.length / 2));
    const double at_first = crowd.memory();
    crowd.watch(sizes.length);
    const double at_last = crowd.memory();
    crowd.end();
    auto& all = trial.findings;
    all.push_back({who + "all connected and answered once after", "s", just(seconds), 1});
    all.push_back({who + "answers meanwhile", "",
                   just(static_cast<double>(crowd.sum(&SteadyTally::answered)) - count)});
    all.push_back({who + "connections lost", "",
                   just(static_cast<double>(crowd.sum(&SteadyTally::lost))), 0, 0.0});
    all.push_back(
        {who + "answers missing after 10 s", "",
         just(static_cast<double>(crowd.sum(&SteadyTally::late) + crowd.sum(&SteadyTally::asked) -
                                  crowd.sum(&SteadyTally::answered))),
         0, 0.0});
    all.push_back({who + "p99", "ms", just(crowd.quantile(0.99) / 1e6), 2});
    all.push_back({who + "user memory of the servers a connection", "B",
                   just((at_last - crowd.without_connections()) / count), 0, kBytesMost});
    all.push_back({who + "user memory at the end, as a multiple of that at the beginning", "",
                   just(at_last / at_first), 3, kGrowthMost});
    all.push_back({who + "kernel memory a connection, both ends", "B", just(kernel / count), 0});
}

}  // namespace

Trial measure_crowd(const Settings& settings) {
    const bool quick = settings.quick;
    Trial trial;
    trial.title = "Many connections";
    trial.method = fmt::format(
        "Connections over several server processes that share an address, or in one, held by as "
        "many load processes; each asks for 64 bytes every 10 s, at fixed times, for {} s.",
        quick ? 10 : 60);
    const std::string& backend = settings.backends.front();
    measure_one(settings, backend, quick ? Sizes{12'000, 3, 10s} : Sizes{100'000, 6, 60s}, trial);
    measure_one(settings, backend, quick ? Sizes{4'000, 1, 10s} : Sizes{18'000, 1, 60s}, trial);
    return trial;
}

}  // namespace bench
