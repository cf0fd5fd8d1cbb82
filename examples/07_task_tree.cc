// What a program is waiting for: the tree of its tasks, with the line where each one awaits.
#include "fivetuple/fivetuple.h"

#include <cstdio>

namespace ft = fivetuple;
using namespace std::chrono_literals;

ft::Task<void> serve_one(ft::TcpStream peer) {
    auto got = co_await ft::within(60s, peer.read());
    if (!got || got->empty()) co_return;
}

ft::Task<ft::Result<void>> accept_all(ft::Scope& peers, ft::TcpListener& listener) {
    while (true) {
        FT_CO_TRY(ft::TcpStream peer, co_await listener.accept());
        peers.spawn(serve_one(std::move(peer)));
    }
}

ft::Task<ft::Result<void>> look(ft::Loop& loop, ft::SocketAddress server) {
    FT_CO_TRY(ft::TcpStream idle, co_await ft::TcpStream::connect(server));
    FT_CO_TRY_VOID(co_await ft::sleep(100ms));
    std::printf("%s", to_string(ft::task_tree(loop)).c_str());
    co_return {};
}

ft::Task<ft::Result<void>> show(ft::Loop& loop) {
    FT_CO_TRY(const auto any_port, ft::SocketAddress::parse("127.0.0.1:0"));
    FT_CO_TRY(auto listener, ft::TcpListener::bind(loop, any_port));
    FT_CO_TRY(const auto server, listener.local_address());
    auto ended =
        co_await ft::first_of(ft::with_scope(accept_all, std::ref(listener)), look(loop, server));
    co_return ended.index() == 0 ? std::move(ended.get<0>()) : std::move(ended.get<1>());
}

int main() {
    const auto shown = ft::run(show);
    if (!shown) std::fprintf(stderr, "error: %s\n", shown.error().message().c_str());
    return shown ? 0 : 1;
}
