#include "fivetuple/cli/units.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/signal.h"

#include "tools/command.h"
#include "tools/echo_server.h"
#include <csignal>
#include <cstdio>
#include <latch>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

// `ft echo`: sends back whatever comes, on one loop or many, until it is told to stop.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

struct EchoArguments {
    std::string address = kDefaultAddress;
    unsigned loops = 1;
    std::string silence = "5m";
    bool as_json = false;
    LoopArguments loop;
};

/// One loop of the server, on a thread of its own.
struct Worker {
    bool speaks = false;  ///< For all of them, which run on the same backend.
    EchoCounters counters;
    ft::BackendStats stats;
    std::string backend;
    std::optional<ft::Error> failure;
};

ft::Task<ft::Result<void>> serve_until_signal(ft::Loop& loop, EchoOptions options, Worker& worker) {
    // Caught before anybody is told that the server is there, and may end it.
    ft::Signals signals(loop, {SIGINT, SIGTERM});
    auto ended = co_await ft::first_of(echo_server(loop, std::move(options), worker.counters),
                                       signals.next());
    if (ended.index() == 0) co_return std::move(ended.get<0>());
    co_return {};
}

void serve_on_loop(const EchoArguments& arguments, EchoOptions options, Worker& worker) {
    auto loop = ft::Loop::open(arguments.loop.options());
    if (!loop) {
        worker.failure = std::move(loop).error();
        return;
    }
    worker.backend = ft::to_string((*loop)->choice().kind);
    if (worker.speaks) mention_choice((*loop)->choice());
    auto served = ft::run(**loop, serve_until_signal(**loop, std::move(options), worker));
    worker.stats = (*loop)->backend().stats();
    if (!served) worker.failure = std::move(served).error();
}

// On a thread of its own. A worker that fails ends them all, or they would serve on without it; it
// waits until all can hear the signal.
void serve_beside(const EchoArguments& arguments, EchoOptions options, Worker& worker,
                  std::latch& all_listen) {
    bool listens = false;
    options.listening = [&](const ft::SocketAddress&) {
        listens = true;
        all_listen.count_down();
    };
    serve_on_loop(arguments, std::move(options), worker);
    if (!worker.failure) return;
    if (!listens) all_listen.count_down();
    all_listen.wait();
    std::raise(SIGTERM);
}

void print_text(const EchoCounters& all, const ft::BackendStats& stats) {
    std::printf("accepted %s connections, echoed %s messages, %s\n",
                ft::format_count(all.accepted).c_str(), ft::format_count(all.messages).c_str(),
                ft::format_bytes(static_cast<double>(all.bytes)).c_str());
    if (all.active > 0)
        std::printf("ended %s that were open\n", ft::format_count(all.active).c_str());
    if (all.broken > 0)
        std::printf("broken by their peers: %s\n", ft::format_count(all.broken).c_str());
    if (all.silent > 0) std::printf("silent too long: %s\n", ft::format_count(all.silent).c_str());
    if (all.shortages > 0) {
        std::printf("out of descriptors or memory: %s times\n",
                    ft::format_count(all.shortages).c_str());
    }
    if (all.messages > 0) {
        std::printf("system calls per message: %.3f\n",
                    static_cast<double>(stats.calls) / static_cast<double>(all.messages));
    }
}

void print_json(const EchoCounters& all, const ft::BackendStats& stats,
                const std::string& backend) {
    const nlohmann::ordered_json report = {{"backend", backend},
                                           {"accepted", all.accepted},
                                           {"messages", all.messages},
                                           {"bytes", all.bytes},
                                           {"active", all.active},
                                           {"broken", all.broken},
                                           {"silent", all.silent},
                                           {"shortages", all.shortages},
                                           {"system_calls", stats.calls},
                                           {"waits", stats.waits},
                                           {"buffers_short", stats.buffers_short},
                                           {"overflows", stats.overflows}};
    std::printf("%s\n", report.dump(2).c_str());
}

// The first worker listens alone until its address is known: the others share the port it got. When
// the address is said, all of them listen.
int serve(const EchoArguments& arguments) {
    std::vector<Worker> workers(arguments.loops);
    std::vector<std::thread> threads;
    std::latch all_listen(arguments.loops - 1);
    EchoOptions options{
        address_of(arguments.address), arguments.loops > 1, duration_of(arguments.silence), {}};
    if (options.at.is_unix() && arguments.loops > 1) {
        return failed("share " + arguments.address + " among loops",
                      ft::Error::unsupported("bind", "only IP addresses can be shared"));
    }
    EchoOptions first = options;
    first.listening = [&](const ft::SocketAddress& address) {
        options.at = address;
        for (std::size_t at = 1; at < workers.size(); ++at) {
            threads.emplace_back(serve_beside, std::cref(arguments), options, std::ref(workers[at]),
                                 std::ref(all_listen));
        }
        all_listen.wait();
        std::printf("listening on %s\n", address.to_string().c_str());
        std::fflush(stdout);
    };
    workers[0].speaks = true;
    serve_on_loop(arguments, first, workers[0]);
    if (workers[0].failure && !threads.empty()) std::raise(SIGTERM);
    for (std::thread& thread : threads) thread.join();

    EchoCounters all;
    ft::BackendStats stats;
    for (const Worker& worker : workers) {
        if (worker.failure) return failed("listen on " + arguments.address, *worker.failure);
        all += worker.counters;
        stats.calls += worker.stats.calls;
        stats.waits += worker.stats.waits;
        stats.buffers_short += worker.stats.buffers_short;
        stats.overflows += worker.stats.overflows;
    }
    if (arguments.as_json) {
        print_json(all, stats, workers[0].backend);
    } else {
        print_text(all, stats);
    }
    return 0;
}

}  // namespace

void add_echo(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand("echo", "a server that sends back whatever comes");
    auto arguments = std::make_shared<EchoArguments>();
    command->add_option("address", arguments->address, "where to listen")
        ->capture_default_str()
        ->type_name("ADDR")
        ->check(check_address);
    command->add_option("--loops", arguments->loops, "loops, each on a thread of its own")
        ->capture_default_str()
        ->type_name("N")
        ->check(CLI::Range(1, 64).description(""));
    command
        ->add_option("--silence", arguments->silence,
                     "end a connection that is silent for so long; 0: never")
        ->capture_default_str()
        ->type_name("TIME")
        ->check(check_duration);
    command->add_flag("--json", arguments->as_json, "print the counters at the end as JSON");
    arguments->loop.add_to(*command);
    command->callback([&chosen, arguments] { chosen = [arguments] { return serve(*arguments); }; });
}

}  // namespace ft_tool
