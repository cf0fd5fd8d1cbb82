#include "fivetuple/cli/table.h"
#include "fivetuple/cli/units.h"
#include "fivetuple/io/loop.h"

#include "tools/child_process.h"
#include "tools/command.h"
#include "tools/load_run.h"
#include <cstdio>

// `ft demo`: the echo server and a thousand connections on each backend in turn, as one table.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

using namespace std::chrono_literals;

constexpr unsigned kConnections = 1000;

/// What one backend did.
struct DemoRow {
    LoadResult load;
    ft::Duration cpu{};  ///< Of the server, for the messages measured.
    double memory = 0;   ///< Bytes of the server's own for a connection.
};

/// Starts a server of its own on `backend`, loads it, and ends it.
ft::Result<DemoRow> measure(ft::BackendKind backend, ft::Duration duration) {
    const std::string name(ft::to_string(backend));
    FT_TRY(auto server, ChildProcess::start_self({"echo", "127.0.0.1:0", "--backend", name}));
    FT_TRY(const std::string line, server.read_line(10s));
    FT_TRY(const auto address, ft::SocketAddress::parse(line.substr(line.rfind(' ') + 1)));

    DemoRow row;
    const auto memory_before = static_cast<double>(server.own_memory());
    ft::Duration cpu_before{};
    LoadOptions load;
    load.to = address;
    load.connections = kConnections;
    load.duration = duration;
    load.begins = [&] { cpu_before = server.cpu_time().value_or(ft::Duration()); };
    load.ends = [&] {
        row.cpu = server.cpu_time().value_or(ft::Duration()) - cpu_before;
        row.memory = (static_cast<double>(server.own_memory()) - memory_before) / kConnections;
    };
    FT_TRY(row.load, run_load(load));
    if (const int code = server.stop(); code != 0) {
        return std::unexpected(ft::Error::ended("echo server").because("it ended with an error"));
    }
    return row;
}

std::string quantile(const LoadResult& load, double share) {
    return ft::format_duration(
        ft::Duration(static_cast<std::int64_t>(load.latency.quantile(share))));
}

std::vector<std::string> figures_of(ft::BackendKind backend, const DemoRow& row) {
    const auto messages = static_cast<double>(row.load.messages);
    const double seconds = std::chrono::duration<double>(row.load.elapsed).count();
    const auto cpu = ft::Duration(
        static_cast<std::int64_t>(static_cast<double>(row.cpu.count()) / std::max(messages, 1.0)));
    return {std::string(ft::to_string(backend)),
            ft::format_count(static_cast<std::uint64_t>(messages / seconds)),
            quantile(row.load, 0.5),
            quantile(row.load, 0.99),
            ft::format_duration(cpu),
            ft::format_bytes(row.memory)};
}

int demonstrate(ft::Duration duration) {
    std::printf(
        "An echo server and %u connections to it, 64 bytes a message, all on this machine.\n"
        "Each backend of the library serves the same program for %s:\n\n",
        kConnections, ft::format_duration(duration).c_str());
    std::fflush(stdout);
    ft::Table table({"backend", "messages/s", "half within", "99% within", "server CPU/message",
                     "memory/connection"});
    std::uint64_t problems = 0;
    for (const ft::BackendProbe& probe : ft::probe_backends()) {
        const std::string name(ft::to_string(probe.kind));
        if (probe.unavailable) {
            std::fprintf(stderr, "%s cannot be had here: %s\n", name.c_str(),
                         probe.unavailable->message().c_str());
            continue;
        }
        std::fprintf(stderr, "running on %s ...\n", name.c_str());
        auto row = measure(probe.kind, duration);
        if (!row) return failed("run the demo on " + name, row.error());
        problems += row->load.wrong + row->load.errors.size();
        table.add(figures_of(probe.kind, *row));
    }
    std::printf("%s\n", table.to_string(2).c_str());
    std::printf(
        "Every byte that came back was compared with what had been sent: %s.\n"
        "`ft echo` and `ft load` are the two halves of this; `./dev bench` compares it with\n"
        "hand-written servers and other libraries.\n",
        problems == 0 ? "all were right" : "SOME WERE WRONG");
    return problems == 0 ? 0 : 1;
}

}  // namespace

void add_demo(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand(
        "demo", "the echo server against 1,000 connections, on each backend in turn");
    auto duration = std::make_shared<std::string>("5s");
    command->add_option("-d,--duration", *duration, "how long to measure each backend")
        ->capture_default_str()
        ->type_name("TIME")
        ->check(check_duration);
    command->callback([&chosen, duration] {
        chosen = [duration] { return demonstrate(duration_of(*duration)); };
    });
}

}  // namespace ft_tool
