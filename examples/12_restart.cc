// An echo server that restarts without a refused connection. Start it a second time: the new one
// gets the listener of the old one, which then only finishes with those that it has. A service
// manager may start it with a listener of its own (socket activation), and is told how it is.
#include "fivetuple/fivetuple.h"
#include "fivetuple/server/activation.h"
#include "fivetuple/server/hand_over.h"
#include "fivetuple/server/notify.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>

namespace ft = fivetuple;
using namespace std::chrono_literals;

ft::Task<void> echo(ft::TcpStream peer) {
    ft::Result<ft::Lease> got;
    do {
        got = co_await ft::within(60s, peer.write_then_read(*std::move(got)));
    } while (got && !got->empty());
}

ft::Task<ft::Result<void>> accept_all(ft::Scope& peers, ft::TcpListener& listener) {
    while (true) {
        auto peer = co_await listener.accept();
        if (peer) {
            peers.spawn(echo(*std::move(peer)));
        } else if (peer.error().is_cancelled()) {
            co_return {};
        } else {
            FT_CO_TRY_VOID(co_await ft::sleep(50ms));  // Out of descriptors, say: it will pass.
        }
    }
}

// Where from the listener comes: the server before this one, a service manager, or ourselves.
ft::Task<ft::Result<ft::TcpListener>> find_listener(std::optional<ft::TakeOver>& before,
                                                    ft::SocketAddress at,
                                                    ft::SocketAddress control) {
    ft::Loop& loop = co_await ft::this_loop();
    auto taken = co_await ft::within(10s, ft::TakeOver::ask(control));
    if (taken) {
        before = std::move(*taken);
        FT_CO_TRY(auto socket, ft::take_named(before->sockets, "echo"));
        co_return ft::adopt_tcp_listener(loop, std::move(socket));
    }
    FT_CO_TRY(auto inherited, ft::take_inherited_listeners());
    if (inherited.empty()) co_return ft::TcpListener::bind(loop, at);
    co_return ft::adopt_tcp_listener(loop, std::move(inherited.front()));
}

// Until a successor serves, or a signal comes.
ft::Task<ft::Result<void>> wait_for_end(ft::TcpListener& listener, ft::HandOver& successor,
                                        const ft::Notifier& notifier) {
    std::vector<ft::HandedSocket> sockets;
    sockets.push_back(ft::hand("echo", listener));
    auto ended =
        co_await ft::first_of(successor.wait(std::move(sockets)), ft::signal(SIGINT, SIGTERM));
    // Where a successor serves, the manager follows that one instead.
    if (ended.index() == 1) static_cast<void>(co_await notifier.stopping());
    co_return {};
}

ft::Task<ft::Result<void>> serve_until_end(ft::Scope& peers, ft::TcpListener& listener,
                                           ft::HandOver successor, ft::Notifier notifier) {
    static_cast<void>(co_await ft::first_of(accept_all(peers, listener),
                                            wait_for_end(listener, successor, notifier)));
    // Those that have been accepted are ours; all others wait in the queue for the successor.
    FT_CO_TRY(auto rest, co_await listener.stop_accepting());
    for (ft::TcpStream& peer : rest) peers.spawn(echo(std::move(peer)));
    listener.close();
    for (int tenths = 0; tenths < 50 && peers.running() > 0; ++tenths) {
        FT_CO_TRY_VOID(co_await ft::sleep(100ms));
    }
    peers.cancel();
    co_return {};
}

ft::Task<ft::Result<void>> serve(ft::Loop& loop, const char* where, const char* control) {
    FT_CO_TRY(const auto at, ft::SocketAddress::parse(where));
    FT_CO_TRY(const auto control_at, ft::SocketAddress::unix_path(control));
    FT_CO_TRY(const auto notifier, ft::Notifier::take());
    std::optional<ft::TakeOver> before;
    FT_CO_TRY(auto listener, co_await find_listener(before, at, control_at));
    // Whoever comes from now on waits in the listener's queue; nobody is refused.
    if (before) FT_CO_TRY_VOID(co_await ft::within(10s, before->ready()));
    FT_CO_TRY(auto successor, ft::HandOver::listen(loop, control_at));
    std::printf("listening on %s\n", listener.local_address()->to_string().c_str());
    std::fflush(stdout);
    const auto told = co_await notifier.tell("READY=1\nMAINPID=" + std::to_string(::getpid()));
    if (!told) std::fprintf(stderr, "warning: %s\n", told.error().message().c_str());
    auto served = co_await ft::with_scope(serve_until_end, std::ref(listener), std::move(successor),
                                          notifier);
    // Whoever has not finished by then is cut short.
    if (!served && !served.error().is_cancelled()) co_return served;
    co_return {};
}

int main(int count, char** arguments) {
    if (count != 3) {
        std::fprintf(stderr, "usage: example_12_restart ADDRESS CONTROL-PATH\n");
        return 2;
    }
    const auto served = ft::run(serve, arguments[1], arguments[2]);
    if (!served) std::fprintf(stderr, "error: %s\n", served.error().message().c_str());
    return served ? 0 : 1;
}
