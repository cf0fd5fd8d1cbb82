#include "fivetuple/os/options/socket.h"
#include "fivetuple/os/options/tcp.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"

#include "tools/scenarios/programs.h"
#include "tools/scenarios/run.h"
#include <algorithm>
#include <array>
#include <deque>

// A scenario about TCP itself: pairs of programs with habits, hosts and cables of all kinds.
namespace ft_scenarios {

using namespace std::chrono_literals;
using ft::sim::Host;

namespace {

// What a program does at its end of a connection, drawn from the seed.
struct Habit {
    std::uint64_t size = 0;       // Bytes that it sends before its end.
    std::size_t write_piece = 1;  // At once.
    std::size_t read_piece = 1;
    double pauses = 0;  // Probability before each read.
    ft::Duration pause{};
    ft::Duration sleeps{};  // Before it reads anything.
    int receive_buffer = 0;
    int send_buffer = 0;
    bool no_delay = false;
    bool waits_to_end = false;  // Its end of the stream comes behind the peer's.
};

struct PairEnd {
    Habit habit;
    std::uint64_t own = 0;  // Names of the streams.
    std::uint64_t other = 0;
    std::uint64_t sent = 0;
    std::uint64_t came = 0;
    bool is_right = true;
    bool has_seen_end = false;
    bool is_done = false;
    std::string failure;
};
struct Pair {
    ft::SocketAddress where;
    PairEnd client;
    PairEnd server;
    ft::Random random{0};
};

std::size_t draw_size(ft::Random& random, unsigned least_bits, unsigned most_bits) {
    const std::uint64_t bits = least_bits + random.below(most_bits - least_bits + 1);
    return static_cast<std::size_t>(1 + random.below(std::uint64_t{1} << bits));
}

Habit draw_habit(ft::Random random) {
    Habit habit;
    habit.size = random.below(8) == 0 ? 0 : draw_size(random, 6, 18);
    habit.write_piece = draw_size(random, 4, 15);
    habit.read_piece = draw_size(random, 9, 16);
    habit.pauses = random.below(2) == 0 ? 0 : 0.02;
    habit.pause = ft::Duration(static_cast<std::int64_t>(1 + random.below(3'000'000'000)));
    habit.sleeps = random.below(3) == 0 ? 12s : 0s;
    if (random.below(2) == 0) habit.receive_buffer = static_cast<int>(2048 << random.below(6));
    if (random.below(2) == 0) habit.send_buffer = static_cast<int>(4096 << random.below(6));
    habit.no_delay = random.below(2) == 0;
    habit.waits_to_end = random.below(3) == 0;
    return habit;
}

void note(PairEnd& end, const ft::Error& error) {
    if (end.failure.empty()) end.failure = error.message();
}

ft::Task<void> write_side(ft::TcpStream& stream, PairEnd& end) {
    const Habit& habit = end.habit;
    while (end.sent < habit.size) {
        const auto piece = std::min<std::uint64_t>(habit.write_piece, habit.size - end.sent);
        const auto bytes = bytes_at(end.own, end.sent, piece);
        auto sent = co_await stream.write_all(bytes);
        if (!sent) {
            note(end, sent.error());
            co_return;
        }
        end.sent += piece;
    }
    if (habit.waits_to_end) co_return;
    auto ended = stream.shutdown_write();
    if (!ended) note(end, ended.error());
}

ft::Task<void> both_sides(ft::Scope& scope, ft::TcpStream& stream, PairEnd& end,
                          ft::Random& random) {
    scope.spawn(write_side(stream, end));
    auto slept = co_await ft::sleep(end.habit.sleeps);
    if (!slept) co_return;
    std::vector<std::byte> room(end.habit.read_piece);
    unsigned pauses_left = 20;
    while (true) {
        if (pauses_left > 0 && random.unit() < end.habit.pauses) {
            --pauses_left;
            auto paused = co_await ft::sleep(end.habit.pause);
            if (!paused) co_return;
        }
        auto got = co_await stream.read_some(room);
        if (!got) {
            note(end, got.error());
            co_return;
        }
        if (*got == 0) break;
        const auto bytes = ft::Bytes(room).first(*got);
        end.is_right = end.is_right && are_bytes_at(end.other, end.came, bytes);
        end.came += *got;
    }
    end.has_seen_end = true;
}

ft::Task<void> use(ft::TcpStream stream, PairEnd& end, ft::Random random) {
    const Habit& habit = end.habit;
    ft::Result<void> is_set = ft::set(stream, ft::NoDelay{habit.no_delay});
    if (habit.receive_buffer > 0) is_set = ft::set(stream, ft::ReceiveBuffer{habit.receive_buffer});
    if (habit.send_buffer > 0) is_set = ft::set(stream, ft::SendBuffer{habit.send_buffer});
    if (!is_set) note(end, is_set.error());
    co_await ft::with_scope(both_sides, std::ref(stream), std::ref(end), std::ref(random));
    // The scope has waited for the writing side, too.
    if (habit.waits_to_end && end.failure.empty()) {
        auto ended = stream.shutdown_write();
        if (!ended) note(end, ended.error());
    }
    end.is_done = true;
}

ft::Task<void> serve_one(Pair& pair) {
    ft::Loop& loop = co_await ft::this_loop();
    auto listener = ft::TcpListener::bind(loop, pair.where);
    if (!listener) {
        note(pair.server, listener.error());
        co_return;
    }
    auto peer = co_await listener->accept();
    if (!peer) {
        note(pair.server, peer.error());
        co_return;
    }
    co_await use(*std::move(peer), pair.server, ft::Random(pair.random.next()));
}

ft::Task<void> call_one(Pair& pair) {
    auto stream = co_await ft::TcpStream::connect(pair.where);
    if (!stream) {
        note(pair.client, stream.error());
        co_return;
    }
    co_await use(*std::move(stream), pair.client, ft::Random(pair.random.next()));
}

ft::sim::HostOptions draw_host(ft::Random random) {
    using Limits = ft::sim::tcp::Limits;
    ft::sim::HostOptions host;
    host.tcp.sack = random.below(4) != 0;
    host.tcp.timestamps = random.below(4) != 0;
    host.tcp.window_scaling = random.below(4) != 0;
    host.tcp.rack = random.below(4) != 0;
    host.tcp.tail_probes = random.below(4) != 0;
    if (random.below(4) == 0) host.tcp.ecn = Limits::UseEcn::ask_and_agree;
    if (random.below(2) == 0) host.tcp.congestion = Limits::Algorithm::reno;
    return host;
}

ft::sim::LinkOptions draw_link(ft::Random random) {
    ft::sim::LinkOptions link;
    link.delay = ft::Duration(static_cast<std::int64_t>(100'000 + random.below(60'000'000)));
    if (random.below(2) == 0) link.rate = 300'000 << random.below(8);
    link.queue = std::size_t{8192} << random.below(5);
    if (random.below(3) == 0) link.mark_above = link.queue / 2;
    if (random.below(2) == 0) link.loss = 0.04 * random.unit();
    if (random.below(4) == 0) link.duplicate = 0.03;
    if (random.below(4) == 0) link.corrupt = 0.01;
    if (random.below(3) == 0) link.reorder = 0.05;
    if (random.below(3) == 0) link.jitter = link.delay / 4;
    link.mtu = std::array<std::size_t, 4>{1500, 1500, 1280, 576}[random.below(4)];
    return link;
}

}  // namespace

void play_odd_pairs(Run& run) {
    ft::sim::World& world = run.world();
    Host& server = world.host("server", "10.0.0.1", draw_host(run.random("host/server")));
    auto& pairs = run.keep<std::deque<Pair>>();
    const std::uint64_t count = std::min<std::uint64_t>(run.values().count("pairs"), 200);
    for (std::uint64_t number = 0; number < count; ++number) {
        const std::string name = "client" + std::to_string(number + 1);
        Host& client = world.host(name, "10.0.1." + std::to_string(number + 1),
                                  draw_host(run.random("host/" + name)));
        world.link(client, server, draw_link(run.random("forth/" + name)),
                   draw_link(run.random("back/" + name)));
        Pair& pair = pairs.emplace_back();
        pair.where = ft::SocketAddress(ft::IpAddress(ft::IpAddress::V4Bytes{10, 0, 0, 1}),
                                       static_cast<std::uint16_t>(1000 + number));
        pair.random = run.random("pair/" + name);
        pair.client.own = pair.server.other = pair.random.next();
        pair.server.own = pair.client.other = pair.random.next();
        pair.client.habit = draw_habit(run.random("habit/" + name));
        pair.server.habit = draw_habit(run.random("habit of its server/" + name));
        // Two that wait for each other's end wait for ever.
        if (pair.client.habit.waits_to_end) pair.server.habit.waits_to_end = false;
        server.run(serve_one(pair));
        client.run(call_one(pair));
    }
    const auto is_done = [](const Pair& pair) {
        return pair.client.is_done && pair.server.is_done;
    };
    world.run_until([&] { return std::ranges::all_of(pairs, is_done); }, 30min);
    std::uint64_t bytes = 0;
    for (const Pair& pair : pairs) {
        for (const auto& [end, peer] :
             {std::pair(&pair.client, &pair.server), std::pair(&pair.server, &pair.client)}) {
            bytes += end->came;
            run.check(end->failure.empty(), end->failure.empty()
                                                ? "no connection breaks"
                                                : "no connection breaks: " + end->failure);
            run.check(end->came == peer->habit.size && end->is_right,
                      "every byte comes once and in order");
            run.check(end->has_seen_end && end->is_done, "both ends see the other's end");
        }
    }
    run.figure("bytes", bytes);
    run.figure("the last is done after", world.elapsed());
}

}  // namespace ft_scenarios
