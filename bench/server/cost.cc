#include "measure.h"
#include "trials.h"

#include <fmt/format.h>

#include <algorithm>

namespace bench {
namespace {

constexpr double kRequestMost = 1.03;
constexpr double kConnectionMost = 1.08;

Row row_named(const std::string& name) { return *std::ranges::find(all_rows(), name, &Row::name); }

/// The bare one is the reference, and once more, to show what is noise.
Options options_for(const Settings& settings, const std::string& backend) {
    Options options;
    options.servers = {settings.bare_server(backend), settings.bare_server(backend),
                       settings.server(backend)};
    options.servers[1].name = "the bare one again on " + backend;
    options.servers[2].name = "Server on " + backend;
    options.server_core = settings.server_core;
    options.load_core = settings.load_core;
    options.rounds = settings.quick ? 2 : settings.rounds;
    options.rotations = settings.quick ? 4 : 16;
    options.slice_milliseconds = settings.quick ? 20 : 40;
    options.seed = settings.seed;
    return options;
}

}  // namespace

Trial measure_cost(const Settings& settings) {
    Trial trial;
    trial.title = "What the limits cost";
    trial.method =
        "CPU of the server's process for a request, as a multiple of what the same handler in the "
        "bare library spends in the same rotation, on the same backend: an accept loop without any "
        "limit, the echo server of the comparison. Taken in turns of 40 ms, medians of the rounds; "
        "the bare one once more shows the noise.";
    for (const std::string& backend : settings.backends) {
        for (const std::string name : {"50", "1000", "churn"}) {
            const RowResult result = measure_row(row_named(name), options_for(settings, backend));
            const double most = name == "churn" ? kConnectionMost : kRequestMost;
            for (std::size_t at = 1; at < result.servers.size(); ++at) {
                Finding finding = {
                    fmt::format("{}, {}", result.servers[at].server, result.row.caption), "",
                    result.servers[at].ratio, 3};
                if (at == 2) finding.most = most;
                trial.findings.push_back(std::move(finding));
            }
        }
    }
    return trial;
}

}  // namespace bench
