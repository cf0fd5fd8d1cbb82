// What moving messages and bytes costs: UDP echo servers of ours against a plain one, descriptors
// passed by us against sendmsg(2) written by hand, pumps against a copy loop, sends with and
// without copies. What is measured runs on one core, the load on another; they take turns, and
// medians are printed with their spread.

#include "bench/messages/descriptors.h"
#include "bench/messages/pumps.h"
#include "bench/messages/udp_echo.h"
#include "bench/messages/zero_copy.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace {

using ft_bench_messages::Contender;

struct Row {
    std::string name;
    std::string unit;
    std::vector<Contender> contenders;  // The first is what the others are compared with.
};

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

std::string measured(const Row& row, int rounds) {
    std::vector<std::vector<double>> figures(row.contenders.size());
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t at = 0; at < row.contenders.size(); ++at) {
            // Each round begins with another one.
            const std::size_t which = (at + static_cast<std::size_t>(round)) % figures.size();
            figures[which].push_back(row.contenders[which].measure());
        }
    }
    std::string text = fmt::format(
        "\n### {}\n\n| | CPU ns {} | least | most | ratio |\n"
        "|---|---:|---:|---:|---:|\n",
        row.name, row.unit);
    const double reference = median(figures[0]);
    for (std::size_t at = 0; at < figures.size(); ++at) {
        const auto [least, most] = std::ranges::minmax(figures[at]);
        const double middle = median(figures[at]);
        text += fmt::format("| {} | {:.0f} | {:.0f} | {:.0f} | {:.2f} |\n", row.contenders[at].name,
                            middle, least, most, middle / reference);
    }
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "Measures what moving messages and bytes costs: UDP echo, descriptors, pumps, zero copy.");
    int rounds = 7;
    int milliseconds = 400;
    std::string markdown;
    std::string only;
    app.add_option("--rounds", rounds, "rounds of which medians are taken")->capture_default_str();
    app.add_option("--slice", milliseconds, "milliseconds of each measurement")
        ->capture_default_str();
    app.add_option("--only", only, "only the tables whose title has this in it");
    app.add_option("--markdown", markdown, "write the tables to this file, too");
    CLI11_PARSE(app, argc, argv);

    std::vector<Row> rows;
    for (const std::size_t size : {64, 1200}) {
        rows.push_back({fmt::format("UDP echo, 64 datagrams of {} bytes in flight", size),
                        "a datagram", ft_bench_messages::udp_echo(size, milliseconds)});
    }
    rows.push_back({"One descriptor passed through a socketpair, there and received", "a message",
                    ft_bench_messages::descriptors(milliseconds)});
    const std::string control = ft_bench_messages::congestion_control();
    std::vector<std::string> controls = {"cubic"};
    if (control != controls.front()) controls.push_back(control);
    for (const std::string& each : controls) {
        rows.push_back({fmt::format("A pump between two TCP connections over loopback, {}", each),
                        "a MiB", ft_bench_messages::pumps(each, milliseconds)});
    }
    for (const std::size_t size : {4, 16, 64, 256}) {
        rows.push_back(
            {fmt::format("Sends of {} KiB over loopback TCP ({}), where the kernel copies anyway",
                         size, control),
             "a MiB", ft_bench_messages::tcp_sends(size * 1024, milliseconds)});
    }
    for (const std::size_t size : {1, 4, 8, 16, 32, 60}) {
        rows.push_back(
            {fmt::format(
                 "Datagrams of {} KiB to a queue that drops them, so that nothing is copied", size),
             "a MiB", ft_bench_messages::dropped_sends(size * 1024, milliseconds)});
    }
    std::erase_if(rows, [&](const Row& row) { return !row.name.contains(only); });
    std::string all;
    for (const Row& row : rows) {
        const std::string text = measured(row, rounds);
        std::fputs(text.c_str(), stdout);
        std::fflush(stdout);
        all += text;
    }
    if (markdown.empty()) return 0;
    std::FILE* file = std::fopen(markdown.c_str(), "w");
    if (file == nullptr || std::fputs(all.c_str(), file) < 0 || std::fclose(file) != 0) {
        std::fprintf(stderr, "error: cannot write the tables\n  cause: %s\n", markdown.c_str());
        return 1;
    }
    return 0;
}
