// An echo server: every peer is a task, and all of them end before serve() does.
#include "fivetuple/fivetuple.h"

#include <cstdio>

namespace ft = fivetuple;
using namespace std::chrono_literals;

ft::Task<void> echo(ft::TcpStream peer) {
    while (true) {
        auto got = co_await ft::within(60s, peer.read());
        if (!got || got->empty()) co_return;  // Silent too long, broken or finished: same to us.
        auto sent = co_await ft::within(60s, peer.write_all(got->bytes()));
        if (!sent) co_return;
    }
}

ft::Task<ft::Result<void>> accept_all(ft::Scope& peers, ft::TcpListener listener) {
    while (true) {
        FT_CO_TRY(ft::TcpStream peer, co_await listener.accept());
        peers.spawn(echo(std::move(peer)));
    }
}

ft::Task<ft::Result<void>> serve(ft::Loop& loop, const char* where) {
    FT_CO_TRY(const auto address, ft::SocketAddress::parse(where));
    FT_CO_TRY(auto listener, ft::TcpListener::bind(loop, address));
    FT_CO_TRY(const auto bound, listener.local_address());
    std::printf("listening on %s\n", bound.to_string().c_str());
    std::fflush(stdout);
    co_return co_await ft::with_scope(accept_all, std::move(listener));
}

int main(int count, char** arguments) {
    const auto served = ft::run(serve, count > 1 ? arguments[1] : "127.0.0.1:7777");
    if (!served) std::fprintf(stderr, "error: %s\n", served.error().message().c_str());
    return served ? 0 : 1;
}
