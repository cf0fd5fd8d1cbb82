#include "options.h"

#include "results.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <random>
#include <sstream>

namespace bench {
namespace {

/// select() cannot watch a descriptor of 1024 or more.
constexpr int kSelectConnections = 1000;

struct KnownServer {
    const char* name;
    const char* program;
    std::vector<std::string> arguments;
    int connections_max = 0;
    bool is_rung = false;  ///< Of the ladder of designs, which is measured by itself.
};

const std::vector<KnownServer>& known_servers() {
    static const std::vector<KnownServer> servers = {
        {kReference, "raw_epoll", {}},
        {"raw_epoll_again", "raw_epoll", {}},
        {"raw_epoll_et", "raw_epoll_et", {}},
        {"raw_uring", "raw_uring", {}},
        {"fivetuple_io_uring", "fivetuple_echo", {"--backend", "io_uring"}},
        {"fivetuple_epoll", "fivetuple_echo", {"--backend", "epoll"}},
        {"fivetuple_poll", "fivetuple_echo", {"--backend", "poll"}},
        {"fivetuple_select", "fivetuple_echo", {"--backend", "select"}, kSelectConnections},
        {"libevent", "libevent_raw", {}},
        {"libuv", "libuv_echo", {}},
        {"asio_callback", "asio_callback", {}},
        {"asio_coroutine", "asio_coroutine", {}},
        {"iterative", "ladder_1_iterative", {}, 1, true},
        {"threads", "ladder_2_threads", {}, 0, true},
        {"poll", "ladder_3_poll", {}, 0, true},
        {"epoll_edge", "ladder_4_epoll_edge", {}, 0, true},
        {"io_uring", "ladder_5_io_uring", {}, 0, true},
        {"server", "ladder_6_server", {}, 0, true},
    };
    return servers;
}

[[noreturn]] void refuse(const std::string& why) {
    fmt::print(stderr, "error: {}\n  hint: `ft_bench --help` shows what it takes\n", why);
    std::exit(2);
}

[[noreturn]] void list_and_leave() {
    fmt::print("rows:\n");
    for (const Row& row : all_rows()) fmt::print("  {:<20} {}\n", row.name, row.meaning);
    fmt::print("servers:\n");
    for (const KnownServer& server : known_servers()) {
        fmt::print("  {:<20} {} {}\n", server.name, server.program,
                   fmt::join(server.arguments, " "));
    }
    std::exit(0);
}

std::vector<Row> choose_rows(const std::vector<std::string>& names) {
    if (names.empty()) return all_rows();
    std::vector<Row> chosen;
    for (const std::string& name : names) {
        const auto found = std::find_if(all_rows().begin(), all_rows().end(),
                                        [&](const Row& row) { return row.name == name; });
        if (found == all_rows().end()) refuse(fmt::format("there is no row `{}`", name));
        chosen.push_back(*found);
    }
    return chosen;
}

/// `NAME=PROGRAM ARGUMENT...`, split at spaces.
ServerSpec read_own_server(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        refuse(fmt::format("`{}` is not of the form NAME=PROGRAM ARGUMENT...", text));
    }
    ServerSpec spec;
    spec.name = text.substr(0, equals);
    std::istringstream words(text.substr(equals + 1));
    words >> spec.program;
    for (std::string word; words >> word;) spec.arguments.push_back(word);
    if (access(spec.program.c_str(), X_OK) < 0) {
        refuse(fmt::format("`{}` is not a program that can be run", spec.program));
    }
    return spec;
}

ServerSpec spec_of(const KnownServer& known, const std::string& programs) {
    return {known.name, (std::filesystem::path(programs) / known.program).string(), known.arguments,
            known.connections_max};
}

std::vector<ServerSpec> choose_servers(const std::vector<std::string>& names,
                                       const std::vector<std::string>& own,
                                       const std::string& programs, bool ladder) {
    std::vector<ServerSpec> chosen;
    const auto is_wanted = [&](const KnownServer& known) {
        if (names.empty()) return known.is_rung == ladder;
        return std::find(names.begin(), names.end(), known.name) != names.end();
    };
    for (const std::string& name : names) {
        const auto found =
            std::find_if(known_servers().begin(), known_servers().end(),
                         [&](const KnownServer& server) { return server.name == name; });
        if (found == known_servers().end()) refuse(fmt::format("there is no server `{}`", name));
    }
    for (const KnownServer& known : known_servers()) {
        const bool is_reference = std::string(known.name) == kReference;
        if (!is_wanted(known) && !is_reference) continue;
        const ServerSpec spec = spec_of(known, programs);
        if (access(spec.program.c_str(), X_OK) == 0) {
            chosen.push_back(spec);
        } else if (!names.empty() || is_reference) {
            refuse(fmt::format("the server {} is not built ({})", spec.name, spec.program));
        } else {
            fmt::print(stderr, "note: {} is not built and is left out\n", spec.name);
        }
    }
    for (const std::string& text : own) chosen.push_back(read_own_server(text));
    return chosen;
}

/// Few and short: shows that everything works and the order of magnitude, not five per cent.
void make_quick(Options& options) {
    options.rounds = 3;
    options.rotations = 4;
    options.slice_milliseconds = 20;
}

void must_have_cores(const Options& options) {
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    for (const int core : {options.server_core, options.load_core}) {
        if (core < 0 || core >= cores) {
            refuse(fmt::format("there is no core {}: this machine has {}", core, cores));
        }
    }
    if (options.server_core == options.load_core) {
        refuse("server and load must have a core each, or they measure each other");
    }
}

}  // namespace

Options read_options(int argc, char** argv) {
    Options options;
    std::vector<std::string> rows, servers, own_servers;
    bool list = false, quick = false, no_time = false, no_calls = false, no_memory = false;
    bool ladder = false;
    options.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
    options.seed = std::random_device()();

    CLI::App app("Measures echo servers side by side: CPU per request against a hand-written one.");
    app.add_option("--rows", rows, "Kinds of load, separated by commas (all)")->delimiter(',');
    app.add_option("--servers", servers, "Servers, separated by commas (all)")->delimiter(',');
    app.add_option("--server", own_servers, "One more, as NAME=PROGRAM ARGUMENT...; repeatable");
    app.add_flag("--ladder", ladder, "The ladder of designs instead (rows 1, 50, 1000, 10000)");
    app.add_flag("--list", list, "Print the rows and servers there are");
    auto* is_quick = app.add_flag("--quick", quick, "Few short rounds: seconds a row");
    const auto positive = CLI::Range(1, 100'000);
    for (CLI::Option* option :
         {app.add_option("--rounds", options.rounds, "Rounds of which medians are taken (7)"),
          app.add_option("--rotations", options.rotations, "Slices per server in a round (12)"),
          app.add_option("--slice", options.slice_milliseconds, "Milliseconds of a slice (40)")}) {
        option->check(positive)->excludes(is_quick);
    }
    app.add_option("--seed", options.seed, "Of the order in which servers take turns");
    app.add_option("--server-core", options.server_core, "Where the servers run (0)");
    app.add_option("--load-core", options.load_core, "Where the load runs (1)");
    app.add_option("--programs", options.programs, "The folder of the servers");
    app.add_flag("--no-time", no_time, "Leave out the measurement of CPU and latency");
    app.add_flag("--no-calls", no_calls, "Leave out the count of system calls");
    app.add_flag("--no-memory", no_memory, "Leave out the memory of idle connections");
    app.add_option("--json", options.json_file, "Write all raw figures to this file");
    app.add_option("--svg", options.svg_file, "Draw the ratios into this file");
    app.add_option("--markdown", options.markdown_file, "Write the tables to this file");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) std::exit(app.exit(error));
        refuse(error.what());
    }
    if (list) list_and_leave();
    if (quick) make_quick(options);
    options.time = !no_time;
    options.calls = !no_calls;
    options.memory = !no_memory;
    must_have_cores(options);
    if (ladder && rows.empty()) rows = {"1", "50", "1000", "10000"};
    options.rows = choose_rows(rows);
    options.servers = choose_servers(servers, own_servers, options.programs, ladder);
    return options;
}

}  // namespace bench
