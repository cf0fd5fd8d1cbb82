#include "fivetuple/cli/table.h"

#include "tools/command.h"
#include "tools/sim_run.h"
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <random>
#include <thread>

// `ft sim`: named scenarios on a simulated network.
namespace ft_tool {

using ft_scenarios::Scenario;

namespace {

struct SimArguments {
    std::string scenario;
    std::vector<std::string> settings;
    std::uint64_t seed = 1;
    std::string seeds;
    std::string fresh;
    std::string only;
    std::string pcap;
    std::string svg;
    bool tells_timeline = false;
    bool tells_packets = false;
    std::size_t lines = 100;
    unsigned jobs = 0;
    bool runs_twice = false;
    bool ends_with_first = false;
    std::string within;
};

std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// `1..1000`
std::optional<std::pair<std::uint64_t, std::uint64_t>> range_of(const std::string& text) {
    const std::size_t dots = text.find("..");
    if (dots == std::string::npos) return std::nullopt;
    const auto first = number_of(text.substr(0, dots));
    const auto last = number_of(text.substr(dots + 2));
    if (!first || !last || *last < *first || *last - *first >= 1'000'000'000) return std::nullopt;
    return std::pair(*first, *last);
}

// `1,4,7`, counted from 1; `none`.
std::optional<std::vector<std::size_t>> list_of(std::string_view text) {
    std::vector<std::size_t> list;
    if (text == "none") return list;
    while (true) {
        const std::size_t comma = text.find(',');
        const auto number = number_of(text.substr(0, comma));
        if (!number || *number == 0) return std::nullopt;
        list.push_back(*number - 1);
        if (comma == std::string_view::npos) return list;
        text.remove_prefix(comma + 1);
    }
}

std::string check_range(const std::string& text) {
    return range_of(text) ? "" : "\"" + text + "\" is no range of seeds: 1..1000 is";
}
std::string check_list(const std::string& text) {
    return list_of(text) ? "" : "\"" + text + "\" is no list of numbers from 1 on: 2,5 is, or none";
}
std::string check_count(const std::string& text) {
    const auto number = number_of(text);
    return number && *number > 0 && *number <= 1'000'000'000
               ? ""
               : "\"" + text + "\" is no number of seeds";
}

std::string check_jobs(const std::string& text) {
    const auto number = number_of(text);
    return number && *number <= 256 ? "" : "\"" + text + "\" is no number of processes up to 256";
}

std::string check_scenario(const std::string& text) {
    if (ft_scenarios::find_scenario(text) != nullptr) return {};
    std::string names;
    for (const Scenario& each : ft_scenarios::scenarios()) {
        names += (names.empty() ? "" : ", ") + std::string(each.name);
    }
    return "there is no scenario \"" + text + "\"; there are " + names;
}

int wrong_usage(const std::string& what) {
    std::fprintf(stderr, "error: %s\n  hint: `ft sim` lists all scenarios and their parameters\n",
                 what.c_str());
    return 2;
}

int list() {
    for (const Scenario& scenario : ft_scenarios::scenarios()) {
        std::printf("%s: %s\n", std::string(scenario.name).c_str(),
                    std::string(scenario.summary).c_str());
        for (const auto& each : scenario.parameters) {
            const std::string setting = std::string(each.name) + '=' + std::string(each.value);
            std::printf("  %-18s %s\n", setting.c_str(), std::string(each.meaning).c_str());
        }
    }
    return 0;
}

// What is wrong with the settings for this scenario, or nothing.
std::string set_all(const std::vector<std::string>& settings, ft_scenarios::Values& values) {
    for (const std::string& each : settings) {
        if (std::string wrong = values.set(each); !wrong.empty()) return wrong;
    }
    return {};
}

int run_search(const SimArguments& arguments) {
    SimSearch what;
    if (!arguments.scenario.empty()) {
        what.scenarios.push_back(ft_scenarios::find_scenario(arguments.scenario));
    } else {
        for (const Scenario& each : ft_scenarios::scenarios()) {
            if (!each.is_planted) what.scenarios.push_back(&each);
        }
    }
    for (const Scenario* each : what.scenarios) {
        ft_scenarios::Values values(each->parameters);
        const std::string wrong = set_all(arguments.settings, values);
        if (!wrong.empty()) return wrong_usage(std::string(each->name) + ": " + wrong);
    }
    what.settings = arguments.settings;
    if (!arguments.fresh.empty()) {
        what.first_seed = std::random_device()();
        what.last_seed = what.first_seed + *number_of(arguments.fresh) - 1;
    } else {
        std::tie(what.first_seed, what.last_seed) = *range_of(arguments.seeds);
    }
    what.jobs = arguments.jobs > 0 ? arguments.jobs : std::thread::hardware_concurrency();
    what.runs_twice = arguments.runs_twice;
    what.ends_with_first = arguments.ends_with_first;
    if (!arguments.within.empty()) what.within = duration_of(arguments.within);
    return search(what);
}

int run_sim(const SimArguments& arguments) {
    if (!arguments.seeds.empty() || !arguments.fresh.empty()) return run_search(arguments);
    if (arguments.scenario.empty()) return list();
    SimRun run;
    run.scenario = ft_scenarios::find_scenario(arguments.scenario);
    run.values = ft_scenarios::Values(run.scenario->parameters);
    const std::string wrong = set_all(arguments.settings, run.values);
    if (!wrong.empty()) return wrong_usage(arguments.scenario + ": " + wrong);
    run.seed = arguments.seed;
    if (!arguments.only.empty()) run.only = list_of(arguments.only);
    run.pcap = arguments.pcap;
    run.svg = arguments.svg;
    run.tells_timeline = arguments.tells_timeline;
    run.tells_packets = arguments.tells_packets;
    run.most_lines = arguments.lines;
    return run_once(run);
}

void add_options_of_one(CLI::App& command, SimArguments& arguments) {
    command.add_option("-s,--seed", arguments.seed, "from which all chance comes")
        ->capture_default_str()
        ->type_name("NUMBER");
    command.add_option("--only", arguments.only, "of the troubles that the seed draws, only these")
        ->type_name("N,N")
        ->check(check_list);
    command.add_flag("-t,--timeline", arguments.tells_timeline, "what happened, a line each");
    command.add_flag("--packets", arguments.tells_packets, "the same with every packet");
    command.add_option("--lines", arguments.lines, "of the timeline at most; 0: all")
        ->capture_default_str()
        ->type_name("COUNT");
    command.add_option("--pcap", arguments.pcap, "write all packets, for tcpdump or Wireshark")
        ->type_name("FILE");
    command
        .add_option("--svg", arguments.svg,
                    "draw who sent what to whom, congestion\nwindows and queues")
        ->type_name("FILE");
}

void add_options_of_search(CLI::App& command, SimArguments& arguments) {
    auto* seeds = command.add_option("--seeds", arguments.seeds, "search for seeds that fail")
                      ->type_name("A..B")
                      ->check(check_range);
    command.add_option("--fresh", arguments.fresh, "search so many seeds that nobody has chosen")
        ->type_name("COUNT")
        ->check(check_count)
        ->excludes(seeds);
    command.add_flag("--twice", arguments.runs_twice,
                     "search also for seeds that give two\ndifferent runs");
    command.add_flag("--first", arguments.ends_with_first,
                     "end the search with the first that fails,\nand leave its trouble as it is");
    command.add_option("--within", arguments.within, "end the search after so long")
        ->type_name("TIME")
        ->check(check_duration);
    command.add_option("-j,--jobs", arguments.jobs, "processes that search; 0: one a core")
        ->capture_default_str()
        ->check(check_jobs)
        ->type_name("COUNT");
}

}  // namespace

void add_sim(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand(
        "sim", "scenarios on a simulated network: run one, look at it, search for what breaks it");
    auto arguments = std::make_shared<SimArguments>();
    command->add_option("scenario", arguments->scenario, "its name; without one, all are listed")
        ->check(check_scenario);
    command->add_option("setting", arguments->settings, "parameters of the scenario: loss=5%")
        ->type_name("NAME=VALUE");
    add_options_of_one(*command, *arguments);
    add_options_of_search(*command, *arguments);
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return run_sim(*arguments); }; });
}

}  // namespace ft_tool
