#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include "tools/scenarios/programs.h"
#include "tools/scenarios/run.h"
#include <algorithm>
#include <array>
#include <deque>

// Scenarios about many.
namespace ft_scenarios {

using namespace std::chrono_literals;
using ft::sim::Host;

namespace {

// Accepting takes its time: a new connection is looked up, logged, given a worker ...
ft::Task<ft::Result<void>> accept_slowly(ft::Scope& peers, ft::SocketAddress where, int backlog,
                                         ft::Duration takes) {
    ft::Loop& loop = co_await ft::this_loop();
    FT_CO_TRY(ft::TcpListener listener, ft::TcpListener::bind(loop, where, {.backlog = backlog}));
    while (true) {
        FT_CO_TRY(ft::TcpStream peer, co_await listener.accept());
        peers.spawn(echo_peer(std::move(peer)));
        auto slept = co_await ft::sleep(takes);
        if (!slept) co_return std::unexpected(std::move(slept).error());
    }
}

ft::Task<void> serve_slowly(ft::SocketAddress where, int backlog, ft::Duration takes) {
    auto ended = co_await ft::with_scope(accept_slowly, where, backlog, takes);
    static_cast<void>(ended);
}

struct Member {
    bool is_back = false;
    ft::Time back_at{};
    std::uint64_t tries = 0;
};
struct Crowd {
    std::deque<Member> members;
    ft::Time server_is_back = ft::kNever;
    ft::Duration jitter{};
    std::uint64_t connected = 0;
};

// Asks now and then whether the server lives, over one connection.
ft::Task<void> stay_connected(ft::SocketAddress whom, Crowd& crowd, Member& member) {
    auto stream = co_await ft::within(5s, ft::TcpStream::connect(whom));
    if (!stream) co_return;
    ft::Loop& loop = co_await ft::this_loop();
    ++crowd.connected;
    std::array<std::byte, 8> ping{};
    while (true) {
        auto sent = co_await ft::within(3s, stream->write_all(ping));
        if (!sent) break;
        auto got = co_await ft::within(3s, stream->read_exact(ping));
        if (!got) break;
        if (loop.now() >= crowd.server_is_back && !member.is_back) {
            member.is_back = true;
            member.back_at = loop.now();
        }
        auto slept = co_await ft::sleep(1s);
        if (!slept) break;
    }
    --crowd.connected;
}

ft::Task<void> come_again(ft::SocketAddress whom, ft::Random random, Crowd& crowd, Member& member) {
    ft::Duration pause = 250ms;
    while (!member.is_back) {
        ++member.tries;
        co_await stay_connected(whom, crowd, member);
        const auto most = static_cast<std::uint64_t>(crowd.jitter.count());
        const ft::Duration drawn(most == 0 ? 0 : static_cast<std::int64_t>(random.below(most)));
        auto slept = co_await ft::sleep(pause + drawn);
        if (!slept) co_return;
        pause = std::min<ft::Duration>(pause * 2, 4s);
    }
}

}  // namespace

void play_thundering_reconnect(Run& run) {
    const Values& values = run.values();
    ft::sim::World& world = run.world();
    const std::uint64_t clients = values.count("clients");
    const std::uint64_t hosts = std::clamp<std::uint64_t>(values.count("hosts"), 1, 200);
    const int backlog = static_cast<int>(values.count("backlog"));
    ft::sim::HostOptions large;
    large.descriptors = 2 * clients + 64;
    Host& server = world.host("server", "10.0.0.1", large);
    auto& crowd = run.keep<Crowd>();
    crowd.jitter = values.time("jitter");
    const auto serve = [&server, backlog, takes = values.time("accept")] {
        server.run(serve_slowly(at("10.0.0.1:7"), backlog, takes));
    };
    serve();
    world.run_for(1ms);
    std::vector<Host*> machines;
    for (std::uint64_t number = 0; number < hosts; ++number) {
        Host& host = world.host("machine" + std::to_string(number + 1),
                                "10.0.1." + std::to_string(number + 1), large);
        world.link(host, server, {.delay = values.time("delay")});
        machines.push_back(&host);
    }
    for (std::uint64_t number = 0; number < clients; ++number) {
        Member& member = crowd.members.emplace_back();
        machines[number % hosts]->run(come_again(
            at("10.0.0.1:7"), run.random("member" + std::to_string(number)), crowd, member));
    }
    world.run_until([&] { return crowd.connected == clients; }, 5min);
    run.check(crowd.connected == clients, "all connect in the first place");
    run.figure("clients", clients);
    run.figure("all connected after", world.elapsed());
    if (world.observer() != nullptr) world.observer()->troubled("server crashes", world.now());
    server.crash();
    world.run_for(3s);
    const ft::Time back = world.now();
    crowd.server_is_back = back;
    server.restart();
    serve();
    if (world.observer() != nullptr) world.observer()->troubled("server is back", world.now());
    std::size_t most_waiting = 0;
    std::uint64_t dropped = 0;
    const auto are_back = [&] {
        const auto listeners = server.stack().tcp().listeners();
        if (!listeners.empty()) {
            most_waiting = std::max(most_waiting, listeners.front()->waiting());
            dropped = listeners.front()->counters().dropped;
        }
        return crowd.connected == clients && std::ranges::all_of(crowd.members, &Member::is_back);
    };
    world.run_until(are_back, 10min);
    std::uint64_t count = 0;
    std::uint64_t tries = 0;
    ft::Time last{};
    for (const Member& member : crowd.members) {
        count += member.is_back;
        tries += member.tries;
        last = std::max(last, member.back_at);
    }
    run.check(count == clients, "all are back in the end");
    run.figure("back", count);
    run.figure("the last is served after the restart by", std::max(last, back) - back);
    run.figure("connections tried", tries);
    run.figure("most that waited to be accepted", most_waiting);
    run.figure("SYNs dropped (ListenDrops)", dropped);
}

}  // namespace ft_scenarios
