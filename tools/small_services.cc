#include "tools/small_services.h"

#include "fivetuple/server.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/transport/pump.h"

#include "tools/relay_child.h"
#include "tools/service.h"
#include <algorithm>
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

struct ProgramArguments : ServiceArguments {
    std::string exec;
};

ft::Task<void> echo(ft::Connection& peer) {
    ft::Result<ft::Lease> got;
    do {
        got = co_await peer.write_then_read(*std::move(got));
    } while (got && !got->empty());
}

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

int serve(const ServiceArguments& arguments, const ft::ConnectionHandler& handler) {
    const auto served = serve_until_signal(arguments, arguments.options(), handler);
    if (!served) return failed("listen on " + arguments.address, served.error());
    std::printf("accepted %llu connections\n", static_cast<unsigned long long>(served->accepted));
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

const SmallService* find_small_service(std::string_view name) {
    static const std::array<SmallService, 4> kAll{{{"echo", 7, echo},
                                                   {"discard", 9, discard},
                                                   {"daytime", 13, tell_time},
                                                   {"chargen", 19, generate}}};
    const auto* found = std::ranges::find(kAll, name, &SmallService::name);
    return found == kAll.end() ? nullptr : found;
}

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
    auto arguments = std::make_shared<ProgramArguments>();
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
