// This library's server: as short as the first rung, on whatever backend the kernel offers, one
// loop a core, and with limits on everything that a peer could do for too long or too often.
#include "fivetuple/fivetuple.h"
#include "fivetuple/server.h"

#include <cstdio>
#include <cstdlib>

namespace ft = fivetuple;

ft::Task<void> echo(ft::Connection& peer) {
    ft::Result<ft::Lease> got;
    do {
        got = co_await peer.write_then_read(*std::move(got));
    } while (got && !got->empty());
}

int main(int count, char** arguments) {
    const int port = count > 1 ? std::atoi(arguments[1]) : 0;
    const unsigned threads = count > 2 ? static_cast<unsigned>(std::atoi(arguments[2])) : 1;
    ft::ServerOptions options;
    options.listen = {{ft::IpAddress::loopback_v4(), static_cast<std::uint16_t>(port)}};
    options.limits.connections = 50'000;
    options.limits.accepts_per_second = 100'000;
    options.listening = [](const ft::SocketAddress& at) {
        std::printf("listening %s\n", at.to_string().c_str());
        std::fflush(stdout);
    };
    const auto served = ft::serve_on_workers(options, echo, {.threads = threads});
    if (!served) std::fprintf(stderr, "error: %s\n", served.error().message().c_str());
    return served ? 0 : 1;
}
