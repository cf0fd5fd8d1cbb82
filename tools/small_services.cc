#include "tools/small_services.h"

#include "fivetuple/server.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/transport/pump.h"

#include "tools/relay_child.h"
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <utility>

// `ft discard`, `ft chargen`, `ft daytime`: the small services of RFC 863, 864 and 867; and `ft
// serve-tcp --exec`, which makes a service of any program. All of them are servers with limits.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

struct ServiceArguments {
    std::string address = kDefaultAddress;
    std::size_t connections = 10'000;
    std::size_t per_address = 256;
    std::string silence = "1m";
    std::string exec;
    LoopArguments loop;

    void add_to(CLI::App& command) {
        command.add_option("address", address, "where to listen")
            ->capture_default_str()
            ->type_name("ADDR")
            ->check(check_address);
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
        loop.add_to(command);
    }

    ft::ServerOptions options() const {
        ft::ServerOptions options;
        options.listen = {address_of(address)};
        options.limits.connections = connections;
        options.limits.per_address = per_address;
        const ft::Duration limit = duration_of(silence);
        options.limits.idle = limit > ft::Duration::zero() ? limit : ft::ServerLimits::kForever;
        options.limits.write = options.limits.idle;
        // None of these services needs its peer to speak first.
        options.limits.first_byte = options.limits.idle;
        options.drain_at_signals = true;
        // What is under way has no end of its own: who asks us to end does not want to wait for it.
        options.drain_how.hard = std::chrono::seconds(5);
        options.listening = [](const ft::SocketAddress& at) {
            std::printf("listening on %s\n", at.to_string().c_str());
            std::fflush(stdout);
        };
        options.log = [](std::string_view line) {
            std::fprintf(stderr, "warning: %.*s\n", static_cast<int>(line.size()), line.data());
        };
        return options;
    }
};

ft::Task<void> discard(ft::Connection& peer) {
    ft::Result<ft::Lease> got;
    do {
        got = co_await peer.read();
    } while (got && !got->empty());
}

// RFC 864: lines of 72 characters, each of which begins one further in the alphabet.
ft::Task<void> generate(ft::Connection& peer) {
    constexpr std::size_t kLetters = 95;
    constexpr std::size_t kWidth = 72;
    std::string pattern;
    for (std::size_t line = 0; line < kLetters; ++line) {
        for (std::size_t at = 0; at < kWidth; ++at) {
            pattern += static_cast<char>(' ' + (line + at) % kLetters);
        }
        pattern += "\r\n";
    }
    while (!peer.is_draining()) {
        auto sent = co_await peer.write_all(ft::bytes_of(pattern));
        if (!sent) co_return;
    }
}

std::string time_of_day() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 80> text{};
    const std::size_t size =
        std::strftime(text.data(), text.size(), "%A, %B %d, %Y %H:%M:%S-UTC\r\n", &parts);
    return {text.data(), size};
}

ft::Task<void> tell_time(ft::Connection& peer) {
    const std::string line = time_of_day();
    static_cast<void>(co_await peer.write_all(ft::bytes_of(line)));
}

// The peer's name is in the program's environment, as inetd's successors have it.
std::string with_peer(const std::string& command, const ft::Connection& peer) {
    const auto from = peer.peer_address();
    if (!from || !from->is_ip()) return command;
    return "export TCPREMOTEIP=" + from->ip().unmapped().to_string() +
           " TCPREMOTEPORT=" + std::to_string(from->port()) + "; " + command;
}

ft::Task<void> feed(ft::Connection& peer, ft::UnixStream& program) {
    // A program that has read enough, or a peer that broke: the program's output decides.
    static_cast<void>(co_await ft::pump<ft::SocketStream, ft::SocketStream>(peer, program));
}

// What the program says is the answer, and over when the program has said all.
ft::Task<ft::Result<void>> converse(ft::Scope& scope, ft::Connection& peer,
                                    ft::UnixStream& program) {
    scope.spawn(feed(peer, program));
    auto said = co_await ft::pump<ft::SocketStream, ft::SocketStream>(program, peer);
    scope.cancel();
    if (!said) co_return std::unexpected(std::move(said).error());
    co_return {};
}

ft::Task<void> run_program(ft::Connection& peer, std::string command) {
    ft::Loop& loop = co_await ft::this_loop();
    auto ends = ft::socket_pair(ft::SocketType::stream);
    if (!ends) co_return;
    auto child = RelayChild::start(loop, with_peer(command, peer), ends->second);
    ends->second = ft::Fd();
    auto ours = loop.sockets().adopt(std::move(ends->first));
    if (!child || !ours) {
        const ft::Error& why = !child ? child.error() : ours.error();
        std::fprintf(stderr, "warning: cannot start %s: %s\n", command.c_str(),
                     why.message().c_str());
        co_return;
    }
    ft::UnixStream program(loop, *ours);
    static_cast<void>(co_await ft::with_scope(converse, std::ref(peer), std::ref(program)));
    program.close();
    auto ended = co_await (*child)->ended(std::chrono::seconds(1));
    if (!ended && !ended.error().is_cancelled()) {
        std::fprintf(stderr, "warning: %s\n", ended.error().message().c_str());
    }
}

int serve(const ServiceArguments& arguments, ft::ConnectionHandler handler) {
    auto loop = ft::Loop::open(arguments.loop.options());
    if (!loop) return failed("listen on " + arguments.address, loop.error());
    mention_choice((*loop)->choice());
    ft::Server server(**loop, arguments.options(), std::move(handler));
    const auto served = ft::run(**loop, server.serve());
    if (!served) return failed("listen on " + arguments.address, served.error());
    std::printf("accepted %llu connections\n",
                static_cast<unsigned long long>(server.counters().accepted));
    return 0;
}

void add_service(CLI::App& program, Run& chosen, const char* name, const char* help,
                 const ft::ConnectionHandler& handler) {
    auto* command = program.add_subcommand(name, help);
    auto arguments = std::make_shared<ServiceArguments>();
    arguments->add_to(*command);
    command->callback([&chosen, arguments, handler] {
        chosen = [arguments, handler] { return serve(*arguments, handler); };
    });
}

}  // namespace

void add_discard(CLI::App& program, Run& chosen) {
    add_service(program, chosen, "discard", "a server that throws away whatever comes", discard);
}

void add_chargen(CLI::App& program, Run& chosen) {
    add_service(program, chosen, "chargen", "a server that sends characters without end", generate);
}

void add_daytime(CLI::App& program, Run& chosen) {
    add_service(program, chosen, "daytime", "a server that tells the time", tell_time);
}

void add_serve_tcp(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand("serve-tcp", "a server of any program");
    auto arguments = std::make_shared<ServiceArguments>();
    arguments->add_to(*command);
    command
        ->add_option("--exec", arguments->exec,
                     "run it for each connection, which is its standard input and output")
        ->required()
        ->type_name("COMMAND");
    command->callback([&chosen, arguments] {
        chosen = [arguments] {
            return serve(*arguments, [arguments](ft::Connection& peer) {
                return run_program(peer, arguments->exec);
            });
        };
    });
}

}  // namespace ft_tool
