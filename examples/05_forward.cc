// What a proxy is: for each connection another one, and two copy loops. An end of stream on one
// side is passed on to the other, so half-closed connections stay half-closed.
#include "fivetuple/fivetuple.h"

#include <cstdio>

namespace ft = fivetuple;
using namespace std::chrono_literals;

// The reader stops while the writer waits: a slow receiver slows its sender, and memory stays flat.
ft::Task<ft::Result<void>> copy(ft::TcpStream& from, ft::TcpStream& to) {
    while (true) {
        FT_CO_TRY(const ft::Lease got, co_await ft::within(60s, from.read()));
        if (got.empty()) co_return to.shutdown_write();
        auto sent = co_await ft::within(60s, to.write_all(got.bytes()));
        if (!sent) co_return std::unexpected(std::move(sent).error());
    }
}

ft::Task<void> forward(ft::TcpStream client, ft::SocketAddress target) {
    auto server = co_await ft::within(5s, ft::TcpStream::connect(target));
    if (!server) {
        std::fprintf(stderr, "error: %s\n", server.error().message().c_str());
        co_return;
    }
    auto both = co_await ft::all_of(copy(client, *server), copy(*server, client));
    if (!both) std::fprintf(stderr, "error: %s\n", both.error().message().c_str());
}

ft::Task<ft::Result<void>> accept_all(ft::Scope& clients, ft::TcpListener listener,
                                      ft::SocketAddress target) {
    while (true) {
        FT_CO_TRY(ft::TcpStream client, co_await listener.accept());
        clients.spawn(forward(std::move(client), target));
    }
}

ft::Task<ft::Result<void>> serve(ft::Loop& loop, const char* where, const char* target) {
    FT_CO_TRY(const auto at, ft::SocketAddress::parse(where));
    FT_CO_TRY(const auto to, ft::SocketAddress::parse(target));
    FT_CO_TRY(auto listener, ft::TcpListener::bind(loop, at));
    FT_CO_TRY(const auto bound, listener.local_address());
    std::printf("listening on %s\n", bound.to_string().c_str());
    std::fflush(stdout);
    co_return co_await ft::with_scope(accept_all, std::move(listener), to);
}

int main(int count, char** arguments) {
    if (count != 3) return std::fputs("usage: 05_forward LISTEN-AT TARGET\n", stderr), 2;
    const auto served = ft::run(serve, arguments[1], arguments[2]);
    if (!served) std::fprintf(stderr, "error: %s\n", served.error().message().c_str());
    return served ? 0 : 1;
}
