#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/signal.h"

#include "tools/command.h"
#include "tools/relay_open.h"
#include "tools/relay_run.h"
#include <csignal>
#include <cstdio>

// `ft cat`: joins standard input and output to a connection, each direction to its own end.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

struct CatArguments {
    std::string address;
    bool listens = false;
    bool keeps_listening = false;
    bool is_datagram = false;
    bool is_seqpacket = false;
    std::string connect_limit = "10s";
    bool verbose = false;
    LoopArguments loop;
};

/// What went wrong, and in which of the user's words.
struct Trouble {
    std::string goal;
    ft::Error cause;
};
using Outcome = std::optional<Trouble>;

// The peer as `ft relay` would write it.
ft::RelayAddress peer_of(const CatArguments& arguments) {
    using Kind = ft::RelayKind;
    ft::RelayAddress peer;
    peer.text = arguments.address;
    peer.at = address_of(arguments.address);
    const bool listens = arguments.listens;
    if (!peer.at.is_unix()) {
        peer.kind = arguments.is_datagram ? (listens ? Kind::udp_listen : Kind::udp)
                                          : (listens ? Kind::tcp_listen : Kind::tcp);
    } else if (arguments.is_datagram) {
        peer.kind = listens ? Kind::unix_datagram_listen : Kind::unix_datagram;
    } else if (arguments.is_seqpacket) {
        peer.kind = listens ? Kind::seqpacket_listen : Kind::seqpacket;
    } else {
        peer.kind = listens ? Kind::unix_listen : Kind::unix_stream;
    }
    return peer;
}

void mention(const CatArguments& arguments, const char* what, const std::string& name) {
    if (arguments.verbose) std::fprintf(stderr, "%s %s\n", what, name.c_str());
}

ft::Task<Outcome> join(ft::Loop& loop, std::unique_ptr<RelayEnd> peer, bool is_last) {
    auto standard = open_standard(loop, is_last);
    if (!standard) co_return Trouble{"use standard input and output", standard.error()};
    RelayTally tally;
    const RelayLimits limits;
    auto joined = co_await run_relay(**standard, *peer, limits, tally);
    if (!joined) co_return Trouble{"go on with the connection", std::move(joined).error()};
    co_return std::nullopt;
}

ft::Task<Outcome> listen(ft::Loop& loop, const CatArguments& arguments,
                         const ft::RelayAddress& address) {
    const std::string goal = "listen on " + arguments.address;
    auto door = open_door(loop, address);
    if (!door) co_return Trouble{goal, std::move(door).error()};
    const auto at = door->socket.local_address();
    if (at) mention(arguments, "listening on", at->to_string());
    while (true) {
        auto peer = co_await next_through(*door);
        if (!peer) co_return Trouble{goal, std::move(peer).error()};
        if (!arguments.keeps_listening) door->socket.close();
        mention(arguments, "accepted", (*peer)->name);
        Outcome trouble = co_await join(loop, *std::move(peer), !arguments.keeps_listening);
        if (trouble || !arguments.keeps_listening) co_return trouble;
    }
}

ft::Task<Outcome> connect(ft::Loop& loop, const CatArguments& arguments,
                          const ft::RelayAddress& address) {
    auto peer = co_await open_end(address, duration_of(arguments.connect_limit), arguments.verbose);
    if (!peer) {
        const std::string what = arguments.listens ? "listen on " : "connect to ";
        co_return Trouble{what + arguments.address, std::move(peer).error()};
    }
    mention(arguments, "connected", (*peer)->name);
    co_return co_await join(loop, *std::move(peer), true);
}

ft::Task<Outcome> cat_until_signal(ft::Loop& loop, const CatArguments& arguments) {
    const ft::RelayAddress address = peer_of(arguments);
    ft::Signals signals(loop, {SIGINT, SIGTERM});
    auto work = address.is_listener() ? listen(loop, arguments, address)
                                      : connect(loop, arguments, address);
    auto ended = co_await ft::first_of(std::move(work), signals.next());
    if (ended.index() == 0) co_return std::move(ended.get<0>());
    co_return std::nullopt;
}

int cat(const CatArguments& arguments) {
    auto loop = ft::Loop::open(arguments.loop.options());
    if (!loop) return failed("open a loop", loop.error());
    const Outcome trouble = ft::run(**loop, cat_until_signal(**loop, arguments));
    return trouble ? failed(trouble->goal, trouble->cause) : 0;
}

// What CLI11 cannot see by itself; empty where nothing is wrong.
std::string wrong_with(const CatArguments& arguments) {
    if (arguments.is_seqpacket && !address_of(arguments.address).is_unix()) {
        return "\"" + arguments.address + "\": only Unix sockets have SEQPACKET";
    }
    return arguments.listens ? "" : check_peer(arguments.address);
}

}  // namespace

void add_cat(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand(
        "cat", "join standard input and output to a connection, TCP or Unix, or to datagrams");
    auto arguments = std::make_shared<CatArguments>();
    command->add_option("address", arguments->address, "where to connect, or to listen")
        ->required()
        ->type_name("ADDR")
        ->check(check_address);
    command->add_flag("-l,--listen", arguments->listens, "wait for a connection there");
    auto* keep = command
                     ->add_flag("-k,--keep", arguments->keeps_listening,
                                "with --listen: one after the other")
                     ->needs("--listen");
    auto* datagrams = command
                          ->add_flag("-u,--datagram", arguments->is_datagram,
                                     "UDP, or Unix datagrams: each read is one")
                          ->excludes(keep);
    command
        ->add_flag("-q,--seqpacket", arguments->is_seqpacket,
                   "messages over a Unix connection: each read is one")
        ->excludes(datagrams);
    command
        ->add_option("-w,--connect-limit", arguments->connect_limit,
                     "give up connecting after this")
        ->capture_default_str()
        ->type_name("TIME")
        ->check(check_duration);
    command->add_flag("-v,--verbose", arguments->verbose, "say on standard error what happens");
    arguments->loop.add_to(*command);
    command->callback([&chosen, arguments] {
        const std::string wrong = wrong_with(*arguments);
        if (!wrong.empty()) throw CLI::ValidationError("address", wrong);
        chosen = [arguments] { return cat(*arguments); };
    });
}

}  // namespace ft_tool
