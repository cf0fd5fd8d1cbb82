#include "tools/service.h"

#include "fivetuple/server.h"
#include "fivetuple/task/run.h"

#include <chrono>
#include <cstdio>
#include <string_view>

namespace ft_tool {

namespace ft = fivetuple;

namespace {

ft::Duration forever_if_nought(ft::Duration limit) {
    return limit > ft::Duration::zero() ? limit : ft::ServerLimits::kForever;
}

ft::ServerLimits no_limits() {
    ft::ServerLimits none;
    constexpr auto kUnlimited = ft::ServerLimits::kUnlimited;
    constexpr auto kForever = ft::ServerLimits::kForever;
    none.connections = none.per_address = none.per_network = kUnlimited;
    none.accepts_per_second = none.held_each = none.held_all = kUnlimited;
    none.first_byte = none.idle = none.write = none.lifetime = kForever;
    none.shortage_patience = kForever;
    return none;
}

CLI::Option* add_count(CLI::App& command, const std::string& name, unsigned& value,
                       const std::string& help) {
    return command.add_option(name, value, help)
        ->type_name("N")
        ->check(CLI::Range(1, 64).description(""));
}

// Says what it runs on where that is not the best.
ft::Result<void> try_loop(const ServiceArguments& arguments) {
    FT_TRY(const auto loop, ft::Loop::open(arguments.loop.options()));
    mention_choice(loop->choice());
    return {};
}

ft::Result<ft::ServerCounters> serve_here(const ServiceArguments& arguments,
                                          const ft::ServerOptions& options,
                                          const ft::ConnectionHandler& handler) {
    FT_TRY(const auto loop, ft::Loop::open(arguments.loop.options()));
    mention_choice(loop->choice());
    ft::Server server(*loop, options, handler);
    FT_TRY_VOID(ft::run(*loop, server.serve()));
    return server.counters();
}

}  // namespace

void ServiceArguments::add_to(CLI::App& command) {
    command.add_option("address", address, "where to listen")
        ->capture_default_str()
        ->type_name("ADDR")
        ->check(check_address);
    auto* threads =
        add_count(command, "--workers,--loops", workers, "loops, each on a thread of its own")
            ->capture_default_str();
    add_count(command, "--processes", processes, "the same, each in a process of its own")
        ->excludes(threads);
    command.add_option("--connections", connections, "connections at a time, in all")
        ->capture_default_str()
        ->type_name("N")
        ->check(CLI::PositiveNumber.description(""));
    command
        .add_option("--per-address", per_address,
                    "connections of one address, other than loopback's")
        ->capture_default_str()
        ->type_name("N")
        ->check(CLI::PositiveNumber.description(""));
    command
        .add_option("--silence", silence,
                    "end a connection on which nothing has moved for so long; 0: never")
        ->capture_default_str()
        ->type_name("TIME")
        ->check(check_duration);
    command
        .add_option("--drain", drain,
                    "after a signal, connections may finish for so long;\n"
                    "a second one ends them at once")
        ->capture_default_str()
        ->type_name("TIME")
        ->check(check_duration);
    command.add_flag("--steer", steer,
                     "workers stay on processors of their own, and get what arrives there");
    command.add_flag("--unlimited", unlimited, "without any limit on connections or time");
    command.add_option("--control", control, "where `ft ctl` finds it, a path or @name")
        ->type_name("PATH")
        ->check(check_unix);
    loop.add_to(command);
}

ft::ServerOptions ServiceArguments::options() const {
    ft::ServerOptions options;
    options.listen = {address_of(address)};
    options.limits.connections = connections;
    options.limits.per_address = per_address;
    options.limits.idle = forever_if_nought(duration_of(silence));
    options.limits.write = options.limits.idle;
    // None of these services needs its peer to speak first.
    options.limits.first_byte = options.limits.idle;
    if (unlimited) options.limits = no_limits();
    if (!control.empty()) options.control = address_of(control);
    options.drain_at_signals = true;
    options.drain_how.hard = duration_of(drain);
    options.listening = [](const ft::SocketAddress& at) {
        std::printf("listening on %s\n", at.to_string().c_str());
        std::fflush(stdout);
    };
    const bool is_brief = options.drain_how.hard < std::chrono::seconds(1);
    options.log = [is_brief](std::string_view line) {
        // That is over before anybody could think of a second signal.
        if (is_brief && line.starts_with("draining: ")) return;
        std::fprintf(stderr, "warning: %.*s\n", static_cast<int>(line.size()), line.data());
    };
    return options;
}

ft::Result<ft::ServerCounters> serve_until_signal(const ServiceArguments& arguments,
                                                  const ft::ServerOptions& options,
                                                  const ft::ConnectionHandler& handler) {
    if (arguments.processes == 0 && arguments.workers == 1) {
        return serve_here(arguments, options, handler);
    }
    FT_TRY_VOID(try_loop(arguments));
    if (arguments.processes == 0) {
        ft::WorkerOptions how;
        how.threads = arguments.workers;
        how.loop = arguments.loop.options();
        how.steer_by_processor = arguments.steer;
        return ft::serve_on_workers(options, handler, how);
    }
    ft::ProcessOptions how;
    how.processes = arguments.processes;
    how.loop = arguments.loop.options();
    how.steer_by_processor = arguments.steer;
    return ft::serve_on_processes(options, handler, how);
}

}  // namespace ft_tool
