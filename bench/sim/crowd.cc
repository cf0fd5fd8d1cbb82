#include "bench/sim/crowd.h"

#include "bench/sim/stopwatch.h"
#include "fivetuple/base/assert.h"
#include "fivetuple/os/options/socket.h"
#include "fivetuple/os/options/tcp.h"
#include "fivetuple/sim/world.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/transport/tcp.h"

#include <malloc.h>

#include <string>
#include <utility>
#include <vector>

namespace ft_bench_sim {
namespace {

using namespace fivetuple;
using namespace std::chrono_literals;

double allocated() {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
}

Task<void> answer(TcpStream peer) {
    while (true) {
        auto got = co_await peer.read();
        if (!got || got->empty()) co_return;
        auto sent = co_await peer.write_all(got->bytes());
        if (!sent) co_return;
    }
}

Task<void> serve_all(Scope& scope, TcpListener& listener) {
    while (true) {
        auto peer = co_await listener.accept();
        if (!peer) co_return;
        scope.spawn(answer(*std::move(peer)));
    }
}

Task<void> serve(SocketAddress at) {
    auto listener = TcpListener::bind(co_await this_loop(), at, {.backlog = 4096});
    FT_ASSERT(listener.has_value(), "a simulated host has its port free");
    static_cast<void>(co_await with_scope(serve_all, std::ref(*listener)));
}

// Comes in its turn, says something, hears it again, and stays.
Task<void> visit(SocketAddress at, Duration turn, bool keep_alive, std::size_t& here) {
    co_await sleep(turn);
    auto stream = co_await TcpStream::connect(at);
    FT_ASSERT(stream.has_value(), "the server is there");
    if (keep_alive) {
        FT_ASSERT(set(*stream, KeepAlive{}).has_value(), "a connection takes its options");
        FT_ASSERT(set(*stream, KeepAliveIdle{{600s}}).has_value(), "a connection takes them");
    }
    auto sent = co_await stream->write_all(bytes_of("hello"));
    FT_ASSERT(sent.has_value(), "the server takes what is said");
    {
        auto got = co_await stream->read();
        FT_ASSERT(got.has_value() && got->size() == 5, "and says it again");
    }
    ++here;
    auto rest = co_await stream->read();
    FT_ASSERT(!rest.has_value(), "the server says no more");
}

IpAddress address_of(std::size_t number) {
    return IpAddress(IpAddress::V4Bytes{10, static_cast<std::uint8_t>(1 + (number >> 16)),
                                        static_cast<std::uint8_t>(number >> 8),
                                        static_cast<std::uint8_t>(number)});
}

}  // namespace

Crowd gather(std::size_t hosts, bool keep_alive) {
    Crowd crowd;
    crowd.hosts = hosts;
    sim::World world(1);
    sim::Router& router = world.router("middle", {"10.0.0.1"});
    sim::Host& server = world.host("server", "10.0.0.2", {.descriptors = hosts + 16});
    world.link(server, router, {.delay = 1ms});
    const SocketAddress at = *SocketAddress::parse("10.0.0.2:7");
    server.run(serve(at));
    world.run_for(1s);

    const double empty = allocated();
    std::vector<sim::Host*> clients;
    clients.reserve(hosts);
    for (std::size_t number = 0; number < hosts; ++number) {
        const std::string name = "host" + std::to_string(number);
        clients.push_back(&world.host(name, address_of(number).to_string()));
        world.link(*clients.back(), router, {.delay = 10ms});
        static_cast<void>(clients.back()->loop());
    }
    const double with_hosts = allocated();
    crowd.bytes_a_host = (with_hosts - empty) / static_cast<double>(hosts);

    const Stopwatch connecting;
    std::size_t here = 0;
    for (std::size_t number = 0; number < hosts; ++number) {
        const Duration turn = number * 100us;
        clients[number]->run(visit(at, turn, keep_alive, here));
    }
    FT_ASSERT(world.run_until([&] { return here == hosts; }), "all of them come");
    world.run_for(1s);
    crowd.connect_seconds = connecting.seconds();
    crowd.bytes_a_connection = (allocated() - with_hosts) / static_cast<double>(hosts);

    const Stopwatch idling;
    world.run_for(1h);
    crowd.idle_hour_seconds = idling.seconds();
    FT_ASSERT(server.stack().tcp().connections().size() == hosts, "all of them are there still");
    return crowd;
}

}  // namespace ft_bench_sim
