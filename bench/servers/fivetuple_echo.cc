// Our echo server, as a user of the library would write it: a task for each peer.
#include "fivetuple/fivetuple.h"
#include "fivetuple/os/process.h"
#include "fivetuple/task/signal.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

namespace ft = fivetuple;

namespace {

ft::Task<void> echo(ft::TcpStream peer) {
    ft::Result<ft::Lease> got;
    do got = co_await peer.write_then_read(*std::move(got));
    while (got && !got->empty());
}

ft::Task<ft::Result<void>> accept_all(ft::Scope& peers, ft::TcpListener listener) {
    while (true) {
        FT_CO_TRY(ft::TcpStream peer, co_await listener.accept());
        peers.spawn(echo(std::move(peer)));
    }
}

ft::Task<ft::Result<void>> serve(ft::Loop& loop, ft::SocketAddress at) {
    FT_CO_TRY(auto listener, ft::TcpListener::bind(loop, at));
    FT_CO_TRY(const auto address, listener.local_address());
    std::printf("listening %s\n", address.to_string().c_str());
    std::fflush(stdout);
    co_return co_await ft::with_scope(accept_all, std::move(listener));
}

ft::Task<ft::Result<void>> serve_until_signal(ft::Loop& loop, ft::SocketAddress at) {
    auto ended = co_await ft::first_of(serve(loop, at), ft::signal(SIGTERM));
    if (ended.index() == 0) co_return ended.get<0>();
    co_return ft::Result<void>();
}

int wrong(const char* what) {
    std::fprintf(stderr,
                 "usage: fivetuple_echo [--port N] [--host ADDRESS] [--backend NAME] "
                 "[--spin MICROSECONDS]\nerror: %s\n",
                 what);
    return 2;
}

}  // namespace

int main(int count, char** arguments) {
    std::string host = "127.0.0.1";
    std::string port = "0";
    ft::LoopOptions options;
    for (int at = 1; at < count; at += 2) {
        if (at + 1 == count) return wrong("the last option has no value");
        const std::string option = arguments[at];
        const std::string value = arguments[at + 1];
        if (option == "--port") {
            port = value;
        } else if (option == "--host") {
            host = value;
        } else if (option == "--spin") {
            options.spin = std::chrono::microseconds(std::stoi(value));
        } else if (option == "--backend") {
            auto kind = ft::parse_backend(value);
            if (!kind) return wrong(kind.error().message().c_str());
            options.backend = *kind;
        } else {
            return wrong(option.c_str());
        }
    }
    ft::raise_descriptor_limit();
    const auto at = ft::SocketAddress::parse(host + ":" + port);
    if (!at) return wrong(at.error().message().c_str());
    auto loop = ft::Loop::open(options);
    if (loop) {
        auto served = ft::run(**loop, serve_until_signal(**loop, *at));
        if (served) return 0;
        std::fprintf(stderr, "error: %s\n", served.error().message().c_str());
    } else {
        std::fprintf(stderr, "error: %s\n", loop.error().message().c_str());
    }
    return 1;
}
