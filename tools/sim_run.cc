#include "tools/sim_run.h"

#include "fivetuple/cli/units.h"
#include "fivetuple/sim/shrink.h"
#include "fivetuple/sim/story/drawing.h"
#include "fivetuple/sim/story/story.h"

#include "tools/command.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace ft_tool {

namespace ft = fivetuple;
using ft_scenarios::Report;
using ft_scenarios::RunOptions;

namespace {

Report run_of(const SimRun& run, ft::sim::Observer* observer, ft::sim::Pcap* capture) {
    RunOptions options;
    options.seed = run.seed;
    options.only = run.only;
    options.observer = observer;
    options.capture = capture;
    return ft_scenarios::run_scenario(*run.scenario, run.values, options);
}

std::string list_of(const std::vector<std::size_t>& numbers) {
    if (numbers.empty()) return "none";
    std::string text;
    for (const std::size_t each : numbers) {
        text += (text.empty() ? "" : ",") + std::to_string(each + 1);
    }
    return text;
}

ft::Result<void> write_file(const std::string& path, const std::string& text) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "we"),
                                                               &std::fclose);
    if (file == nullptr) return std::unexpected(ft::Error::system(errno, "open").about(path));
    const bool is_written = std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() &&
                            std::fflush(file.get()) == 0;
    if (!is_written) return std::unexpected(ft::Error::system(errno, "write").about(path));
    return {};
}

void print_checks(const Report& report) {
    std::vector<std::string> told;
    for (const Report::Check& check : report.checks) {
        if (std::ranges::find(told, check.what) != told.end()) continue;
        told.push_back(check.what);
        std::size_t all = 0;
        std::size_t held = 0;
        for (const Report::Check& other : report.checks) {
            if (other.what != check.what) continue;
            ++all;
            held += other.holds;
        }
        std::string count;
        if (all > 1) count = " (" + std::to_string(held) + " of " + std::to_string(all) + ")";
        std::printf("  %s  %s%s\n", held == all ? "ok    " : "FAILED", check.what.c_str(),
                    count.c_str());
    }
}

}  // namespace

std::string replay_line(const SimRun& run) {
    std::string line = "ft sim " + std::string(run.scenario->name);
    const std::string changed = run.values.changed();
    if (!changed.empty()) line += ' ' + changed;
    line += " --seed " + std::to_string(run.seed);
    if (run.only) line += " --only " + list_of(*run.only);
    return line;
}

void print_report(const SimRun& run, const Report& report) {
    std::printf("%s, seed %llu: %s\n", std::string(run.scenario->name).c_str(),
                static_cast<unsigned long long>(run.seed),
                std::string(run.scenario->summary).c_str());
    std::size_t width = 0;
    for (const auto& [what, value] : report.figures) width = std::max(width, what.size());
    for (const auto& [what, value] : report.figures) {
        std::printf("  %-*s  %s\n", static_cast<int>(width), what.c_str(), value.c_str());
    }
    std::printf("\n");
    print_checks(report);
    std::printf("\n%s packets in %s of its own time, trace %016llx\n",
                ft::format_count(report.packets).c_str(),
                ft::format_duration(report.elapsed).c_str(),
                static_cast<unsigned long long>(report.trace));
    if (report.passed()) return;
    std::printf("\nreplay: %s --timeline\n", replay_line(run).c_str());
    if (!report.state.empty()) {
        std::printf("\nwhen the first check failed:\n%s", report.state.c_str());
    }
}

void print_smallest(SimRun run, const Report& report) {
    if (report.script.empty()) return;
    std::vector<std::size_t> numbers = run.only.value_or(std::vector<std::size_t>());
    if (!run.only) {
        for (std::size_t number = 0; number < report.drawn; ++number) numbers.push_back(number);
    }
    const auto fails = [&](const std::vector<std::size_t>& part) {
        std::vector<std::size_t> kept;
        kept.reserve(part.size());
        for (const std::size_t place : part) kept.push_back(numbers[place]);
        run.only = std::move(kept);
        return !run_of(run, nullptr, nullptr).passed();
    };
    const std::vector<std::size_t> least = ft::sim::shrink(numbers.size(), fails);
    static_cast<void>(fails(least));
    const Report smallest = run_of(run, nullptr, nullptr);
    std::printf("\nIt takes %zu of its %zu troubles to fail:\n", least.size(), numbers.size());
    for (const ft::sim::Trouble& trouble : smallest.script) {
        std::printf("  %s\n", trouble.to_string().c_str());
    }
    std::printf("replay: %s --timeline\n", replay_line(run).c_str());
}

int run_once(const SimRun& run) {
    ft::sim::StoryOptions options;
    options.tells_packets = run.tells_packets;
    ft::sim::Story story(options);
    const bool is_told = run.tells_timeline || run.tells_packets || !run.svg.empty();
    std::optional<ft::sim::Pcap> pcap;
    if (!run.pcap.empty()) {
        auto made = ft::sim::Pcap::create(run.pcap);
        if (!made) return failed("write " + run.pcap, made.error());
        pcap.emplace(*std::move(made));
    }
    const Report report = run_of(run, is_told ? &story : nullptr, pcap ? &*pcap : nullptr);
    if (run.tells_timeline || run.tells_packets) {
        const std::size_t most = run.most_lines == 0 ? SIZE_MAX : run.most_lines;
        std::printf("%s\n", story.to_string(most).c_str());
    }
    print_report(run, report);
    if (!report.passed() && run.makes_small) print_smallest(run, report);
    if (pcap) {
        const auto closed = pcap->close();
        if (!closed) return failed("write " + run.pcap, closed.error());
        std::printf("packets are in %s\n", run.pcap.c_str());
    }
    if (!run.svg.empty()) {
        const std::string picture = ft::sim::draw(story, {.title = replay_line(run)});
        const auto written = write_file(run.svg, picture);
        if (!written) return failed("write " + run.svg, written.error());
        std::printf("the picture is in %s\n", run.svg.c_str());
    }
    return report.passed() ? 0 : 1;
}

}  // namespace ft_tool
