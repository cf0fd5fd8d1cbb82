#include "fivetuple/transport/ping.h"

#include "fivetuple/cli/units.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/signal.h"

#include <netdb.h>

#include "tools/command.h"
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

// `ft ping`: whether a host answers, and how long that takes.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

struct PingArguments {
    std::string host;
    std::uint64_t count = 0;
    std::string interval = "1s";
    std::string timeout = "2s";
    std::string size = "56";
    int ttl = 0;
    std::string from;
    bool only_v4 = false;
    bool only_v6 = false;
    bool as_json = false;
    LoopArguments loop;
};

std::string check_interval(const std::string& text) {
    std::string wrong = check_duration(text);
    if (!wrong.empty() || duration_of(text) >= std::chrono::milliseconds(1)) return wrong;
    return "\"" + text + "\": a millisecond at least";
}

std::string check_ip(const std::string& text) {
    const auto address = ft::IpAddress::parse(text);
    return address ? "" : "\"" + text + "\": " + address.error().reason();
}

ft::PingOptions options_of(const PingArguments& arguments) {
    ft::PingOptions options;
    options.count = arguments.count;
    options.interval = duration_of(arguments.interval);
    options.timeout = duration_of(arguments.timeout);
    options.size = bytes_of_text(arguments.size);
    if (arguments.ttl != 0) options.ttl = arguments.ttl;
    if (!arguments.from.empty()) options.from = *ft::IpAddress::parse(arguments.from);
    return options;
}

// An address as it is, a name as the system looks it up: the first that it gives.
ft::Result<ft::IpAddress> look_up(const PingArguments& arguments) {
    if (auto address = ft::IpAddress::parse(arguments.host)) return address;
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_RAW;
    if (arguments.only_v4) wanted.ai_family = AF_INET;
    if (arguments.only_v6) wanted.ai_family = AF_INET6;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(arguments.host.c_str(), nullptr, &wanted, &found);
    if (code != 0) {
        const std::string why = code == EAI_SYSTEM ? ft::Error::system(errno, "").reason()
                                                   : std::string(::gai_strerror(code));
        return std::unexpected(
            ft::Error::malformed("look up", why).about("\"" + arguments.host + "\""));
    }
    const auto address = ft::SocketAddress::from_raw(found->ai_addr, found->ai_addrlen);
    ::freeaddrinfo(found);
    if (!address) return std::unexpected(address.error());
    return address->ip();
}

double in_ms(ft::Duration length) {
    return std::chrono::duration<double, std::milli>(length).count();
}

const char* word_of(ft::PingEvent::Kind kind) {
    constexpr const char* kWords[] = {"reply", "late", "duplicate", "failure", "silence", "unsent"};
    return kWords[static_cast<std::size_t>(kind)];
}

nlohmann::ordered_json json_of(const ft::PingEvent& event) {
    nlohmann::ordered_json each = {{"sequence", event.sequence}, {"outcome", word_of(event.kind)}};
    if (event.is_answer()) {
        each["from"] = event.from.to_string();
        each["bytes"] = event.size;
        if (event.ttl) each["ttl"] = *event.ttl;
        each["time_ms"] = in_ms(event.round_trip);
        each["time_by_kernel"] = event.by_kernel;
        if (event.is_damaged) each["damaged"] = true;
    }
    if (event.failure) {
        each["from"] = event.from.to_string();
        each["icmp_type"] = event.failure->icmp_type;
        each["icmp_code"] = event.failure->icmp_code;
    }
    if (event.error) each["why"] = event.error->reason();
    return each;
}

void print_statistics(const ft::Ping& ping, ft::Duration took) {
    const ft::PingStatistics& all = ping.statistics();
    std::printf("\n--- %s ping statistics ---\n", ping.to().ip().to_string().c_str());
    std::printf("%llu packets transmitted, %llu received",
                static_cast<unsigned long long>(all.sent),
                static_cast<unsigned long long>(all.received));
    const auto some = [](std::uint64_t count, const char* what) {
        if (count > 0) std::printf(", %llu %s", static_cast<unsigned long long>(count), what);
    };
    some(all.duplicates, "duplicates");
    some(all.damaged, "damaged");
    some(all.failures, "undeliverable");
    some(all.unsent, "not sent");
    std::printf(", %.3g%% packet loss, time %s\n", all.loss() * 100,
                ft::format_duration(took).c_str());
    if (all.received == 0) return;
    std::printf("rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", in_ms(all.least()),
                in_ms(all.mean()), in_ms(all.most()), in_ms(all.deviation()));
    std::printf("rtt p50 %.3f ms  p90 %.3f ms  p99 %.3f ms\n", in_ms(all.quantile(0.5)),
                in_ms(all.quantile(0.9)), in_ms(all.quantile(0.99)));
}

void print_json(const ft::Ping& ping, nlohmann::ordered_json probes) {
    const ft::PingStatistics& all = ping.statistics();
    nlohmann::ordered_json report = {{"address", ping.to().ip().to_string()},
                                     {"socket", ft::to_string(ping.means())},
                                     {"because", ping.because()},
                                     {"sent", all.sent},
                                     {"received", all.received},
                                     {"duplicates", all.duplicates},
                                     {"damaged", all.damaged},
                                     {"undeliverable", all.failures},
                                     {"not_sent", all.unsent},
                                     {"loss", all.loss()}};
    if (all.received > 0) {
        report["rtt_ms"] = {{"min", in_ms(all.least())},       {"avg", in_ms(all.mean())},
                            {"max", in_ms(all.most())},        {"mdev", in_ms(all.deviation())},
                            {"p50", in_ms(all.quantile(0.5))}, {"p90", in_ms(all.quantile(0.9))},
                            {"p99", in_ms(all.quantile(0.99))}};
    }
    report["probes"] = std::move(probes);
    std::printf("%s\n", report.dump(2).c_str());
}

ft::Task<ft::Result<void>> ping_to_end(ft::Ping& ping, bool as_json,
                                       nlohmann::ordered_json& probes) {
    while (true) {
        FT_CO_TRY(const auto event, co_await ping.next());
        if (!event) co_return {};
        if (as_json) {
            probes.push_back(json_of(*event));
        } else {
            std::printf("%s\n", event->to_string().c_str());
            std::fflush(stdout);
        }
    }
}

ft::Task<ft::Result<void>> ping_until_signal(ft::Loop& loop, ft::Ping& ping, bool as_json,
                                             nlohmann::ordered_json& probes) {
    ft::Signals signals(loop, {SIGINT, SIGTERM});
    auto ended = co_await ft::first_of(ping_to_end(ping, as_json, probes), signals.next());
    if (ended.index() == 0) co_return std::move(ended.get<0>());
    co_return {};
}

int ping_host(const PingArguments& arguments) {
    const std::string goal = "ping " + arguments.host;
    const auto to = look_up(arguments);
    if (!to) return failed(goal, to.error());
    auto loop = ft::Loop::open(arguments.loop.options());
    if (!loop) return failed(goal, loop.error());
    auto ping = ft::Ping::open(**loop, *to, options_of(arguments));
    if (!ping) return failed(goal, ping.error());
    const bool is_name = arguments.host != to->to_string();
    if (!arguments.as_json) {
        std::printf("PING %s%s%s%s: %s bytes of payload, by %s\n", arguments.host.c_str(),
                    is_name ? " (" : "", is_name ? to->to_string().c_str() : "", is_name ? ")" : "",
                    std::to_string(bytes_of_text(arguments.size)).c_str(),
                    ft::to_string(ping->means()));
        std::fflush(stdout);
    }
    nlohmann::ordered_json probes = nlohmann::ordered_json::array();
    const ft::Time began = (*loop)->now();
    const auto done = ft::run(**loop, ping_until_signal(**loop, *ping, arguments.as_json, probes));
    if (arguments.as_json) {
        print_json(*ping, std::move(probes));
    } else {
        print_statistics(*ping, (*loop)->now() - began);
    }
    if (!done) return failed(goal, done.error());
    return ping->statistics().received > 0 ? 0 : 1;
}

}  // namespace

void add_ping(CLI::App& program, Run& chosen) {
    auto* command =
        program.add_subcommand("ping", "whether a host answers, and how long its answers take");
    auto arguments = std::make_shared<PingArguments>();
    command->add_option("host", arguments->host, "an address, or a name")
        ->required()
        ->type_name("HOST");
    command->add_option("-c,--count", arguments->count, "probes to send; 0: until it is stopped")
        ->capture_default_str()
        ->type_name("N");
    const auto add_text = [&](const char* name, std::string& into, const char* what,
                              const char* type, std::string (*check)(const std::string&)) {
        command->add_option(name, into, what)->capture_default_str()->type_name(type)->check(check);
    };
    add_text("-i,--interval", arguments->interval, "from one probe to the next", "TIME",
             check_interval);
    add_text("-s,--size", arguments->size, "bytes of payload in a probe", "SIZE", check_bytes);
    add_text("-W,--timeout", arguments->timeout, "how long an answer may take", "TIME",
             check_duration);
    command->add_option("-t,--ttl", arguments->ttl, "routers that a probe may pass")
        ->type_name("N")
        ->check(CLI::Range(1, 255).description(""));
    command->add_option("-I,--from", arguments->from, "the local address to send from")
        ->type_name("ADDR")
        ->check(check_ip);
    auto* v4 = command->add_flag("-4", arguments->only_v4, "of a name its IPv4 address");
    command->add_flag("-6", arguments->only_v6, "of a name its IPv6 address")->excludes(v4);
    command->add_flag("--json", arguments->as_json, "all probes and the statistics as JSON");
    arguments->loop.add_to(*command);
    command->callback(
        [&chosen, arguments] { chosen = [arguments] { return ping_host(*arguments); }; });
}

}  // namespace ft_tool
