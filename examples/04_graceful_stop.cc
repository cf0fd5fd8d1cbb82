// A server that stops in good order: at a signal it takes no new connections and lets those that
// are open finish, but not for longer than five seconds.
#include "fivetuple/fivetuple.h"

#include <csignal>
#include <cstdio>

namespace ft = fivetuple;
using namespace std::chrono_literals;

ft::Task<void> echo(ft::TcpStream peer) {
    ft::Result<ft::Lease> got;
    do {
        got = co_await ft::within(60s, peer.write_then_read(*std::move(got)));
    } while (got && !got->empty());
}

ft::Task<ft::Result<void>> accept_all(ft::Scope& peers, ft::TcpListener& listener) {
    ft::Patience patience(1);
    while (true) {
        auto peer = co_await listener.accept();
        if (peer) {
            patience.relieved();
            peers.spawn(echo(*std::move(peer)));
            continue;
        }
        // The listener was closed: the scope goes on until the peers that it has have ended.
        if (peer.error().is_cancelled()) co_return {};
        if (!ft::is_shortage(peer.error())) co_return std::unexpected(std::move(peer).error());
        FT_CO_TRY_VOID(co_await patience.wait());  // Out of descriptors, say: it will pass.
    }
}

ft::Task<ft::Result<void>> stop_at_signal(ft::TcpListener& listener) {
    FT_CO_TRY_VOID(co_await ft::signal(SIGINT, SIGTERM));
    listener.close();
    co_return co_await ft::sleep(5s);
}

// Whichever ends first ends the other: no peers are left, or there is no time left for them.
ft::Task<ft::Result<void>> serve(ft::Loop& loop) {
    FT_CO_TRY(const auto address, ft::SocketAddress::parse("127.0.0.1:0"));
    FT_CO_TRY(auto listener, ft::TcpListener::bind(loop, address));
    FT_CO_TRY(const auto bound, listener.local_address());
    std::printf("listening on %s\n", bound.to_string().c_str());
    std::fflush(stdout);
    auto ended = co_await ft::first_of(ft::with_scope(accept_all, std::ref(listener)),
                                       stop_at_signal(listener));
    std::printf("%s\n", ended.index() == 0 ? "all had finished" : "some were cut short");
    co_return ended.index() == 0 ? std::move(ended.get<0>()) : std::move(ended.get<1>());
}

int main() { return ft::run(serve) ? 0 : 1; }
