#include "sections.h"

#include <fmt/format.h>

namespace bench {
namespace {

constexpr const char* kNone = "-";

std::string in_thousands(double number) {
    const std::string digits = fmt::format("{:.0f}", number);
    std::string text;
    for (std::size_t at = 0; at < digits.size(); ++at) {
        if (at > 0 && (digits.size() - at) % 3 == 0 && text != "-") text += ',';
        text += digits[at];
    }
    return text;
}

std::string microseconds(double value) { return fmt::format("{:.{}f}", value, value < 10 ? 2 : 1); }

std::string with_spread(const Figure& figure) {
    return fmt::format("{:.2f} ({:.2f}..{:.2f})", figure.median, figure.least, figure.most);
}

Section ratios(const Results& results) {
    Section section{
        "CPU per request, compared",
        fmt::format("What the server's CPU spends on one request, as a multiple of what "
                    "the hand-written epoll server ({}) spends in the same rotation: "
                    "1.00 is what the kernel costs, lower is better. Median of {} "
                    "rounds, in brackets the least and the most. {}_again is the same "
                    "program once more: what it differs from 1.00 is noise.",
                    kReference, results.rounds, kReference),
        {"server"},
        {}};
    for (const RowResult& row : results.rows) section.header.push_back(row.row.name);
    for (const std::string& server : results.servers) {
        std::vector<std::string> line = {server};
        for (const RowResult& row : results.rows) {
            const Measurement* measured = row.find(server);
            line.push_back(measured == nullptr ? kNone : with_spread(measured->ratio));
        }
        section.lines.push_back(std::move(line));
    }
    return section;
}

Section details(const RowResult& row) {
    Section section{"Row " + row.row.name,
                    fmt::format("{}. Meanwhile other processes took {:.1f} % of the machine, and "
                                "the host {:.1f} %.",
                                row.row.meaning, row.disturbance.other_processes,
                                row.disturbance.stolen_by_host),
                    {"server", "CPU us/request", "least", "most", "ratio", "requests/s",
                     "median latency us", "p99 us"},
                    {}};
    for (const Measurement& measured : row.servers) {
        const Figure& cpu = measured.cpu_us_per_request;
        section.lines.push_back(
            {measured.server, microseconds(cpu.median), microseconds(cpu.least),
             microseconds(cpu.most), fmt::format("{:.2f}", measured.ratio.median),
             in_thousands(measured.requests_per_second), microseconds(measured.latency_median_us),
             microseconds(measured.latency_p99_us)});
    }
    return section;
}

Section calls(const Results& results) {
    Section section{
        "System calls per request",
        "Counted in a pass of its own, by a preloaded library: medians, in brackets the "
        "least and the most. The more requests come together, the fewer waits; kinds of "
        "which there is less than one in a thousand requests are left out.",
        {"server", "row", "all", "by kind"},
        {}};
    for (const CallCounts& counts : results.calls) {
        std::string kinds;
        for (const auto& [kind, each] : counts.by_kind) {
            if (each < 0.001) continue;
            kinds += fmt::format("{}{} {:.2f}", kinds.empty() ? "" : ", ", kind, each);
        }
        section.lines.push_back({counts.server, counts.row, with_spread(counts.all), kinds});
    }
    return section;
}

Section memory(const Results& results) {
    Section section{
        "User memory of an idle connection",
        "Anonymous memory of the server with 10,000 open connections (1,000 where it "
        "cannot have more) that have had one request each, less what it was before, per "
        "connection. A pool of buffers that is shared by all counts here too.",
        {"server", "bytes/connection", "KiB without connections"},
        {}};
    for (const IdleMemory& idle : results.memory) {
        section.lines.push_back({idle.server, in_thousands(idle.bytes_per_connection),
                                 in_thousands(static_cast<double>(idle.base_bytes) / 1024)});
    }
    return section;
}

}  // namespace

std::vector<Section> sections_of(const Results& results) {
    std::vector<Section> sections;
    if (!results.rows.empty()) sections.push_back(ratios(results));
    for (const RowResult& row : results.rows) sections.push_back(details(row));
    if (!results.calls.empty()) sections.push_back(calls(results));
    if (!results.memory.empty()) sections.push_back(memory(results));
    return sections;
}

std::vector<std::string> facts_of(const Results& results) {
    const Machine& machine = results.machine;
    std::string peers;
    for (const auto& [name, version] : machine.peers) {
        peers += fmt::format("{}{} {}", peers.empty() ? "" : ", ", name, version);
    }
    return {
        fmt::format("date: {}", machine.date),
        fmt::format("machine: {}, {} cores, {}", machine.cpu, machine.cores, machine.kernel),
        fmt::format("TCP congestion control: {}", machine.congestion_control),
        fmt::format("compiler: {}; {}", machine.compiler, peers),
        fmt::format("method: {} rounds of {} rotations, slices of {} ms, seed {}", results.rounds,
                    results.rotations, results.slice_milliseconds, results.seed),
        fmt::format("command: {}", machine.command),
    };
}

}  // namespace bench
