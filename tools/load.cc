#include "fivetuple/cli/units.h"

#include <unistd.h>

#include "tools/command.h"
#include "tools/load_run.h"
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>

// `ft load`: drives an echo server and says how it did.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

struct LoadArguments {
    std::string address = kDefaultAddress;
    unsigned connections = 50;
    std::string size = "64";
    unsigned pipeline = 1;
    double rate = 0;
    bool churn = false;
    unsigned loops = 1;
    std::string duration = "10s";
    std::string warm_up = "500ms";
    bool as_json = false;
    bool progress = false;
    LoopArguments loop;
};

constexpr std::pair<const char*, double> kQuantiles[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}, {"max", 1}};

double per_second(const LoadResult& result) {
    return static_cast<double>(result.messages) /
           std::chrono::duration<double>(result.elapsed).count();
}

void print_text(const LoadArguments& arguments, const LoadResult& result) {
    const double rate = per_second(result);
    const double bytes = rate * static_cast<double>(bytes_of_text(arguments.size));
    std::printf("%s messages in %s: %s/s, %s/s each way (%s)\n",
                ft::format_count(result.messages).c_str(),
                ft::format_duration(result.elapsed).c_str(),
                ft::format_count(static_cast<std::uint64_t>(rate)).c_str(),
                ft::format_bytes(bytes).c_str(), result.backend.c_str());
    std::printf("latency");
    for (const auto& [name, share] : kQuantiles) {
        const auto value = static_cast<std::int64_t>(result.latency.quantile(share));
        std::printf("  %s %s", name, ft::format_duration(ft::Duration(value)).c_str());
    }
    std::printf("\n");
    if (arguments.churn) {
        std::printf("%s connections made\n", ft::format_count(result.connected).c_str());
    }
    if (result.wrong > 0) {
        std::printf("%s answers were not what had been sent\n",
                    ft::format_count(result.wrong).c_str());
    }
    for (const auto& [text, times] : result.errors) {
        std::printf("%s times: %s\n", ft::format_count(times).c_str(), text.c_str());
    }
}

void print_json(const LoadArguments& arguments, const LoadResult& result) {
    nlohmann::ordered_json report = {
        {"address", arguments.address},
        {"backend", result.backend},
        {"connections", arguments.connections},
        {"size_bytes", bytes_of_text(arguments.size)},
        {"pipeline", arguments.pipeline},
        {"churn", arguments.churn},
        {"rate_asked", arguments.rate},
        {"seconds", std::chrono::duration<double>(result.elapsed).count()},
        {"messages", result.messages},
        {"messages_per_second", per_second(result)},
        {"connected", result.connected},
        {"wrong", result.wrong}};
    report["latency_ns"]["mean"] = result.latency.mean();
    for (const auto& [name, share] : kQuantiles) {
        report["latency_ns"][name] = result.latency.quantile(share);
    }
    report["errors"] = nlohmann::ordered_json::object();
    for (const auto& [text, times] : result.errors) report["errors"][text] = times;
    std::printf("%s\n", report.dump(2).c_str());
}

void print_progress(const LoadProgress& progress) {
    std::fprintf(stderr, "%6s  %s messages/s\n", ft::format_duration(progress.elapsed).c_str(),
                 ft::format_count(progress.messages - progress.messages_before).c_str());
}

LoadOptions options_of(const LoadArguments& arguments) {
    LoadOptions options;
    options.to = address_of(arguments.address);
    options.connections = arguments.connections;
    options.size = bytes_of_text(arguments.size);
    options.pipeline = arguments.pipeline;
    options.rate = arguments.rate;
    options.churn = arguments.churn;
    options.loops = std::min(arguments.loops, arguments.connections);
    options.duration = duration_of(arguments.duration);
    options.warm_up = duration_of(arguments.warm_up);
    options.loop = arguments.loop.options();
    if (arguments.progress || ::isatty(STDERR_FILENO) != 0) options.progress = print_progress;
    return options;
}

int load(const LoadArguments& arguments) {
    auto result = run_load(options_of(arguments));
    if (!result) return failed("load " + arguments.address, result.error());
    (arguments.as_json ? print_json : print_text)(arguments, *result);
    return result->wrong > 0 || !result->errors.empty() || result->messages == 0 ? 1 : 0;
}

std::string check_rate(const std::string& text) {
    double rate = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, failure] = std::from_chars(text.data(), end, rate);
    const bool is_number = failure == std::errc() && stopped == end;
    return is_number && rate > 0 && rate <= 1e9 ? "" : "a rate is more than 0 and at most 1e9";
}

void add_options(CLI::App& command, LoadArguments& arguments) {
    command.add_option("address", arguments.address, "the echo server")
        ->capture_default_str()
        ->type_name("ADDR")
        ->check(check_peer);
    command.add_option("-c,--connections", arguments.connections, "connections at once")
        ->capture_default_str()
        ->type_name("N")
        ->check(CLI::Range(1, 1000000).description(""));
    command.add_option("-s,--size", arguments.size, "bytes of a message")
        ->capture_default_str()
        ->type_name("SIZE")
        ->check(check_bytes)
        ->check([](const std::string& text) {
            const auto size = bytes_of_text(text);
            return size == 0 || size > (1u << 30) ? "a message has 1 byte to 1 GiB" : std::string();
        });
    command
        .add_option("-p,--pipeline", arguments.pipeline, "messages sent before answers are awaited")
        ->capture_default_str()
        ->type_name("N")
        ->check(CLI::Range(1, 10000).description(""));
    command
        .add_option("-r,--rate", arguments.rate,
                    "messages a second over all connections, sent by\n"
                    "the clock whether answers come or not; their\n"
                    "latency counts from when they were due")
        ->type_name("N")
        ->check(check_rate);
    command.add_flag("--churn", arguments.churn, "a connection for each message");
    command.add_option("--loops", arguments.loops, "loops, each on a thread of its own")
        ->capture_default_str()
        ->type_name("N")
        ->check(CLI::Range(1, 64).description(""));
    command.add_option("-d,--duration", arguments.duration, "how long to measure")
        ->capture_default_str()
        ->type_name("TIME")
        ->check(check_duration);
    command.add_option("--warm-up", arguments.warm_up, "how long to run before that")
        ->capture_default_str()
        ->type_name("TIME")
        ->check(check_duration);
    command.add_flag("--progress", arguments.progress, "a line a second while it runs");
    command.add_flag("--json", arguments.as_json, "print the result as JSON");
    arguments.loop.add_to(command);
}

}  // namespace

void add_load(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand(
        "load", "drive an echo server, compare every byte, and say how fast it answers");
    auto arguments = std::make_shared<LoadArguments>();
    add_options(*command, *arguments);
    command->callback([&chosen, arguments] { chosen = [arguments] { return load(*arguments); }; });
}

}  // namespace ft_tool
