#include "fivetuple/task/all_of.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/signal.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/file_stream.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/unix.h"

#include <unistd.h>

#include "tools/command.h"
#include <csignal>
#include <cstdio>
#include <variant>

// `ft cat`: joins standard input and output to a connection, each direction to its own end.
namespace ft_tool {

namespace ft = fivetuple;

namespace {

struct CatArguments {
    std::string address;
    bool listens = false;
    bool keeps_listening = false;
    std::string connect_limit = "10s";
    bool verbose = false;
    LoopArguments loop;
};

constexpr std::size_t kRoom = std::size_t{64} * 1024;

/// What went wrong, and in which of the user's words.
struct Trouble {
    std::string goal;
    ft::Error cause;
};
using Outcome = std::optional<Trouble>;

ft::Task<ft::Result<void>> send_input(ft::FileStream& input, ft::SocketStream& peer) {
    std::vector<std::byte> room(kRoom);
    while (true) {
        FT_CO_TRY(const std::size_t got, co_await input.read_some(room));
        if (got == 0) break;
        ft::Transfer sent = co_await peer.write_all(ft::Bytes(room).first(got));
        if (!sent) co_return std::unexpected(std::move(sent).error());
    }
    // The peer may have gone meanwhile; then there is nobody to tell.
    static_cast<void>(peer.shutdown_write());
    co_return {};
}

ft::Task<ft::Result<void>> print_output(ft::SocketStream& peer, ft::FileStream& output) {
    while (true) {
        FT_CO_TRY(const ft::Lease got, co_await peer.read());
        if (got.empty()) co_return {};
        ft::Transfer printed = co_await output.write_all(got.bytes());
        if (!printed) co_return std::unexpected(std::move(printed).error());
    }
}

// Both directions to their ends. At a terminal nobody would know that it has to be ended as well,
// so there the peer's end is the end.
ft::Task<ft::Result<void>> join(ft::Loop& loop, ft::SocketStream peer) {
    FT_CO_TRY(auto input, ft::FileStream::share(loop, STDIN_FILENO));
    FT_CO_TRY(auto output, ft::FileStream::share(loop, STDOUT_FILENO));
    if (::isatty(STDIN_FILENO) != 0) {
        auto first = co_await ft::first_of(print_output(peer, output), send_input(input, peer));
        if (first.index() == 0) co_return std::move(first.get<0>());
        FT_CO_TRY_VOID(std::move(first.get<1>()));
        co_return co_await print_output(peer, output);
    }
    auto both = co_await ft::all_of(send_input(input, peer), print_output(peer, output));
    if (!both) co_return std::unexpected(std::move(both).error());
    co_return {};
}

void mention(const CatArguments& arguments, const char* what, const ft::SocketStream& peer) {
    if (!arguments.verbose) return;
    const auto tuple = peer.five_tuple();
    std::fprintf(stderr, "%s %s\n", what, tuple ? tuple->to_string().c_str() : "?");
}

template <class Listener>
ft::Task<Outcome> listen(ft::Loop& loop, const CatArguments& arguments) {
    const std::string goal = "listen on " + arguments.address;
    auto listener = Listener::bind(loop, address_of(arguments.address));
    if (!listener) co_return Trouble{goal, std::move(listener).error()};
    if (const auto at = listener->local_address(); at && arguments.verbose) {
        std::fprintf(stderr, "listening on %s\n", at->to_string().c_str());
    }
    do {
        auto peer = co_await listener->accept();
        if (!peer) co_return Trouble{goal, std::move(peer).error()};
        if (!arguments.keeps_listening) listener->close();
        mention(arguments, "accepted", *peer);
        auto joined = co_await join(loop, *std::move(peer));
        if (!joined) co_return Trouble{"go on with the connection", std::move(joined).error()};
    } while (arguments.keeps_listening);
    co_return std::nullopt;
}

template <class S>
ft::Task<Outcome> connect(ft::Loop& loop, const CatArguments& arguments) {
    auto peer = co_await ft::within(duration_of(arguments.connect_limit),
                                    S::connect(address_of(arguments.address)));
    if (!peer) co_return Trouble{"connect to " + arguments.address, std::move(peer).error()};
    mention(arguments, "connected", *peer);
    auto joined = co_await join(loop, *std::move(peer));
    if (!joined) co_return Trouble{"go on with the connection", std::move(joined).error()};
    co_return std::nullopt;
}

ft::Task<Outcome> cat_until_signal(ft::Loop& loop, const CatArguments& arguments) {
    const bool is_unix = address_of(arguments.address).is_unix();
    ft::Signals signals(loop, {SIGINT, SIGTERM});
    auto work = arguments.listens ? (is_unix ? listen<ft::UnixListener>(loop, arguments)
                                             : listen<ft::TcpListener>(loop, arguments))
                                  : (is_unix ? connect<ft::UnixStream>(loop, arguments)
                                             : connect<ft::TcpStream>(loop, arguments));
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

}  // namespace

void add_cat(CLI::App& program, Run& chosen) {
    auto* command = program.add_subcommand(
        "cat", "join standard input and output to a connection, TCP or Unix");
    auto arguments = std::make_shared<CatArguments>();
    command->add_option("address", arguments->address, "where to connect, or to listen")
        ->required()
        ->type_name("ADDR")
        ->check(check_address);
    command->add_flag("-l,--listen", arguments->listens, "wait for a connection there");
    command->add_flag("-k,--keep", arguments->keeps_listening, "with --listen: one after the other")
        ->needs("--listen");
    command
        ->add_option("-w,--connect-limit", arguments->connect_limit,
                     "give up connecting after this")
        ->capture_default_str()
        ->type_name("TIME")
        ->check(check_duration);
    command->add_flag("-v,--verbose", arguments->verbose, "say on standard error what happens");
    arguments->loop.add_to(*command);
    command->callback([&chosen, arguments] {
        const std::string wrong = arguments->listens ? "" : check_peer(arguments->address);
        if (!wrong.empty()) throw CLI::ValidationError("address", wrong);
        chosen = [arguments] { return cat(*arguments); };
    });
}

}  // namespace ft_tool
