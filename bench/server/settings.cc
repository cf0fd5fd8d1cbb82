#include "settings.h"

#include "trials.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <random>

namespace bench {
namespace {

[[noreturn]] void refuse(const std::string& why) {
    fmt::print(stderr, "error: {}\n  hint: `ft_bench_server --help` shows what it takes\n", why);
    std::exit(2);
}

void must_be_possible(const Settings& settings) {
    for (const std::string& name : settings.only) {
        if (std::ranges::none_of(all_trials(),
                                 [&](const KnownTrial& known) { return known.name == name; })) {
            refuse(fmt::format("there is nothing called `{}` to measure", name));
        }
    }
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    for (const int core : {settings.server_core, settings.load_core}) {
        if (core < 0 || core >= cores) {
            refuse(fmt::format("there is no core {}: this machine has {}", core, cores));
        }
    }
    if (settings.server_core == settings.load_core) {
        refuse("server and load must have a core each, or they measure each other");
    }
}

std::string names_of_trials() {
    std::string names;
    for (const KnownTrial& known : all_trials()) {
        names += fmt::format("\n  {:<10} {}", known.name, known.what);
    }
    return names;
}

}  // namespace

bool Settings::wants(const std::string& trial) const {
    return only.empty() || std::ranges::find(only, trial) != only.end();
}

ServerSpec Settings::server(const std::string& backend, std::vector<std::string> more) const {
    more.insert(more.begin(), {"--backend", backend});
    return {"server on " + backend, programs + "/fivetuple_server", std::move(more)};
}

ServerSpec Settings::bare_server(const std::string& backend) const {
    return {"bare on " + backend, programs + "/fivetuple_echo", {"--backend", backend}};
}

Settings read_settings(int argc, char** argv) {
    Settings settings;
    settings.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
    settings.seed = std::random_device()();
    CLI::App app("Holds the server with limits to what is promised of it. What there is:" +
                 names_of_trials());
    app.add_option("--only", settings.only, "Some of it, separated by commas")->delimiter(',');
    app.add_option("--backends", settings.backends, "Of the server (io_uring,epoll)")
        ->delimiter(',');
    app.add_flag("--quick", settings.quick, "Small and short: shows that everything works");
    app.add_option("--rounds", settings.rounds, "Rounds of which medians are taken (5)")
        ->check(CLI::Range(1, 1000));
    app.add_option("--churn", settings.churn, "Connections that come and go (1000000)")
        ->check(CLI::Range(1, 1'000'000'000));
    app.add_option("--seed", settings.seed, "Of the order in which servers take turns");
    app.add_option("--server-core", settings.server_core, "Where the servers run (0)");
    app.add_option("--load-core", settings.load_core, "Where the load runs (1)");
    app.add_option("--programs", settings.programs, "The folder of the servers");
    app.add_option("--json", settings.json_file, "Write all figures to this file");
    app.add_option("--markdown", settings.markdown_file, "Write the tables to this file");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) std::exit(app.exit(error));
        refuse(error.what());
    }
    must_be_possible(settings);
    return settings;
}

}  // namespace bench
