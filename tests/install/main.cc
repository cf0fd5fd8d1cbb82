#include <fivetuple/fivetuple.h>

#include <cstdio>
#include <string>

namespace ft = fivetuple;
using namespace std::chrono_literals;

ft::Task<ft::Result<void>> echo_once(ft::TcpListener& listener) {
    FT_CO_TRY(ft::TcpStream peer, co_await listener.accept());
    FT_CO_TRY(const ft::Lease got, co_await peer.read());
    auto sent = co_await peer.write_all(got.bytes());
    if (!sent) co_return std::unexpected(std::move(sent).error());
    co_return {};
}

ft::Task<int> one() { co_return 1; }

ft::Task<ft::Result<void>> round_trip(ft::Scope& scope) {
    FT_CO_TRY(auto address, ft::SocketAddress::parse("127.0.0.1:0"));
    FT_CO_TRY(auto listener, ft::TcpListener::bind(scope.loop(), address));
    FT_CO_TRY(address, listener.local_address());
    scope.spawn(echo_once(listener));
    FT_CO_TRY(auto server, co_await ft::within(10s, ft::TcpStream::connect(address)));
    auto sent = co_await server.write_all(ft::bytes_of("a round trip"));
    if (!sent) co_return std::unexpected(std::move(sent).error());
    FT_CO_TRY(const ft::Lease got, co_await ft::within(10s, server.read()));
    std::fputs(std::string(ft::text_of(got.bytes())).c_str(), stdout);

    // Needs the flags of compilation that the package brings with it, or the stack overflows.
    int finished = 0;
    while (finished < 1'000'000) finished += co_await one();
    std::printf(" and %d awaits\n", finished);
    co_await scope.join();
    co_return {};
}

ft::Task<ft::Result<void>> talk(ft::Loop&) { return ft::with_scope(round_trip); }

int main() {
    const auto done = ft::run(talk);
    if (!done) std::fprintf(stderr, "error: %s\n", done.error().message().c_str());
    return done ? 0 : 1;
}
