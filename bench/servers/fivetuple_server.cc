// Our server with all of its limits on, so high that no honest load meets them, and a handler for
// each thing that is promised of it. ft_bench_server holds it to that.
#include "fivetuple/fivetuple.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/process.h"
#include "fivetuple/server.h"
#include "fivetuple/server/activation.h"
#include "fivetuple/server/hand_over.h"
#include "fivetuple/server/processes.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace ft = fivetuple;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kRecord = 64;
constexpr std::size_t kLargeAnswer = 256 * 1024;
constexpr std::byte kAsksForMuch{'L'};
constexpr int kSendBuffer = 16 * 1024;

/// The options of the command line, by name; those that were not given are empty.
using Settings = std::map<std::string, std::string>;
constexpr std::array kOptions{"--port",    "--host",         "--backend",    "--handler",
                              "--answer",  "--connections",  "--reuse-port", "--descriptors",
                              "--idle",    "--first-byte",   "--write",      "--due",
                              "--loud",    "--linger-bytes", "--patience",   "--control",
                              "--accepts", "--hand-over",    "--processes"};

long number(const Settings& settings, const char* name, long otherwise) {
    const auto found = settings.find(name);
    return found == settings.end() ? otherwise : std::stol(found->second);
}

std::string text(const Settings& settings, const char* name, const char* otherwise) {
    const auto found = settings.find(name);
    return found == settings.end() ? otherwise : found->second;
}

ft::Duration milliseconds(const Settings& settings, const char* name, ft::Duration otherwise) {
    const long count = number(settings, name, -1);
    return count < 0 ? otherwise : ft::Duration(std::chrono::milliseconds(count));
}

ft::Task<void> echo(ft::Connection& peer) {
    ft::Result<ft::Lease> got;
    do got = co_await peer.write_then_read(*std::move(got));
    while (got && !got->empty());
}

/// Records of 64 bytes, each of which has to come whole in time, and comes back; one that begins
/// with an L is answered by 256 KiB, of which the kernel takes no more than a part at a time.
ft::Task<void> answer_records(ft::Connection& peer, ft::Duration due) {
    static const std::vector<std::byte> large(kLargeAnswer, kAsksForMuch);
    std::array<std::byte, kRecord> record;
    std::size_t filled = 0;
    while (true) {
        auto got = co_await peer.read_some(std::span(record).subspan(filled));
        if (!got || *got == 0) co_return;
        if (filled == 0) peer.due_within(due);
        filled += *got;
        if (filled < kRecord) continue;
        peer.no_longer_due();
        filled = 0;
        ft::Bytes answer = record;
        if (record[0] == kAsksForMuch) {
            static_cast<void>(ft::set(peer, ft::SendBuffer{kSendBuffer}));
            answer = large;
        }
        auto sent = co_await peer.write_all(answer);
        if (!sent) co_return;
    }
}

/// Answers as soon as the first bytes of the question are there, and is done.
ft::Task<void> answer_early(ft::Connection& peer, const std::vector<std::byte>& answer) {
    auto got = co_await peer.read();
    if (!got || got->empty()) co_return;
    static_cast<void>(co_await peer.write_all(answer));
}

ft::ConnectionHandler handler_of(const Settings& settings) {
    const std::string name = text(settings, "--handler", "echo");
    if (name == "records") {
        const ft::Duration due = milliseconds(settings, "--due", 10s);
        return [due](ft::Connection& peer) { return answer_records(peer, due); };
    }
    if (name == "early") {
        const auto size = static_cast<std::size_t>(number(settings, "--answer", 100'000));
        return [answer = std::vector<std::byte>(size, std::byte{'a'})](ft::Connection& peer) {
            return answer_early(peer, answer);
        };
    }
    if (name != "echo") throw std::invalid_argument("--handler is echo, records or early");
    return echo;
}

ft::ServerOptions options_of(const Settings& settings) {
    ft::ServerOptions options;
    ft::ServerLimits& limits = options.limits;
    limits.connections = static_cast<std::size_t>(number(settings, "--connections", 50'000));
    limits.per_address = limits.per_network = limits.connections;
    limits.count_loopback = true;
    limits.accepts_per_second = static_cast<std::size_t>(number(settings, "--accepts", 100'000));
    limits.first_byte = milliseconds(settings, "--first-byte", limits.first_byte);
    limits.idle = milliseconds(settings, "--idle", limits.idle);
    limits.write = milliseconds(settings, "--write", limits.write);
    limits.shortage_patience = milliseconds(settings, "--patience", limits.shortage_patience);
    limits.linger_bytes = static_cast<std::size_t>(
        number(settings, "--linger-bytes", static_cast<long>(limits.linger_bytes)));
    options.tcp.reuse_port = number(settings, "--reuse-port", 0) != 0;
    options.drain_at_signals = true;
    options.drain_how = {.announce = {}, .quiet = 100ms, .hard = 5s};
    if (number(settings, "--loud", 0) != 0) {
        options.log = [](std::string_view line) {
            std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
        };
    }
    return options;
}

ft::Result<ft::SocketAddress> address_of(const Settings& settings) {
    return ft::SocketAddress::parse(text(settings, "--host", "127.0.0.1") + ":" +
                                    text(settings, "--port", "0"));
}

void say_listening(const ft::SocketAddress& where) {
    std::printf("listening %s\n", where.to_string().c_str());
    std::fflush(stdout);
}

void complain(const ft::Error& why) { std::fprintf(stderr, "error: %s\n", why.message().c_str()); }

/// Waits for a successor, gives it the listeners, and ends in order.
ft::Task<void> be_succeeded(ft::Server& server, ft::SocketAddress at) {
    auto successor = ft::HandOver::listen(server.loop(), at);
    if (!successor) co_return complain(successor.error());
    auto listeners = server.share_listeners(ft::Server::Domain::any);
    if (!listeners) co_return complain(listeners.error());
    std::vector<ft::HandedSocket> sockets;
    for (const ft::Fd& each : *listeners) sockets.push_back({"echo", each.raw()});
    auto handed = co_await successor->wait(std::move(sockets));
    if (handed) co_return server.drain({.announce = {}, .quiet = 100ms, .hard = 5s});
    if (!handed.error().is_cancelled()) complain(handed.error());
}

using Before = std::optional<ft::TakeOver>;
using Name = std::optional<ft::SocketAddress>;

/// The server runs meanwhile.
ft::Task<ft::Result<void>> announce(ft::Server& server, Before& before, const Name& succession) {
    if (before) FT_CO_TRY_VOID(co_await ft::within(10s, before->ready()));
    say_listening(server.addresses().front());
    if (succession) co_await be_succeeded(server, *succession);
    co_return {};
}

ft::Task<ft::Result<void>> serve_in(ft::Scope& scope, ft::Server& server, Before& before,
                                    const Name& succession) {
    scope.spawn(announce(server, before, succession));
    auto served = co_await server.serve();
    scope.cancel();
    co_return served;
}

/// On the listeners of the server before this one, where there is one, or on its own.
ft::Task<ft::Result<void>> serve(ft::Loop& loop, const Settings& settings) {
    ft::ServerOptions options = options_of(settings);
    Name succession;
    Before before;
    if (settings.contains("--hand-over")) {
        FT_CO_TRY(const ft::SocketAddress at,
                  ft::SocketAddress::unix_path(settings.at("--hand-over")));
        auto taken = co_await ft::within(10s, ft::TakeOver::ask(at));
        succession = at;
        if (taken) before = *std::move(taken);
    }
    if (settings.contains("--control")) {
        FT_CO_TRY(options.control, ft::SocketAddress::unix_path(settings.at("--control")));
    }
    if (!before) {
        FT_CO_TRY(const auto at, address_of(settings));
        options.listen = {at};
    }
    ft::Server server(loop, std::move(options), handler_of(settings));
    FT_CO_TRY_VOID(server.listen());
    if (before) {
        FT_CO_TRY(auto socket, ft::take_named(before->sockets, "echo"));
        FT_CO_TRY(auto listener, ft::adopt_tcp_listener(loop, std::move(socket)));
        server.add(std::move(listener));
    }
    co_return co_await ft::with_scope(serve_in, std::ref(server), std::ref(before),
                                      std::cref(succession));
}

Settings read_settings(int count, char** arguments) {
    Settings settings;
    for (int at = 1; at < count; at += 2) {
        const std::string name = arguments[at];
        if (std::ranges::find(kOptions, name) == kOptions.end()) {
            throw std::invalid_argument(name + " is not known");
        }
        if (at + 1 == count) throw std::invalid_argument("the last option has no value");
        settings[name] = arguments[at + 1];
    }
    return settings;
}

/// More descriptors than the shell allows, or as few as asked for.
void limit_descriptors(const Settings& settings) {
    ft::raise_descriptor_limit();
    const long most = number(settings, "--descriptors", 0);
    if (most == 0) return;
    const rlimit limit{static_cast<rlim_t>(most), static_cast<rlim_t>(most)};
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) std::perror("setrlimit");
}

ft::Result<void> serve_on_processes(const Settings& settings, const ft::LoopOptions& loop) {
    FT_TRY(const auto at, address_of(settings));
    ft::ServerOptions options = options_of(settings);
    options.listen = {at};
    options.listening = [](const ft::SocketAddress& where) { say_listening(where); };
    ft::ProcessOptions how;
    how.processes = static_cast<unsigned>(number(settings, "--processes", 0));
    how.loop = loop;
    FT_TRY_VOID(ft::serve_on_processes(std::move(options), handler_of(settings), how));
    return {};
}

ft::Result<void> run_as_told(const Settings& settings) {
    ft::LoopOptions options;
    if (settings.contains("--backend")) {
        FT_TRY(options.backend, ft::parse_backend(settings.at("--backend")));
    }
    limit_descriptors(settings);
    if (settings.contains("--processes")) return serve_on_processes(settings, options);
    FT_TRY(auto loop, ft::Loop::open(options));
    return ft::run(*loop, serve(*loop, settings));
}

}  // namespace

int main(int count, char** arguments) {
    try {
        auto done = run_as_told(read_settings(count, arguments));
        if (done) return 0;
        complain(done.error());
        return 1;
    } catch (const std::exception& wrong) {
        std::fprintf(stderr, "error: %s\n", wrong.what());
        return 2;
    }
}
