#include "fivetuple/os/options/socket.h"
#include "fivetuple/os/options/tcp.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include "tools/scenarios/programs.h"
#include "tools/scenarios/run.h"
#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>

// Scenarios about single connections: what stalls them, and what nobody tells them.
namespace ft_scenarios {

using namespace std::chrono_literals;
using ft::sim::Host;

namespace {

constexpr std::size_t kHead = 4;
constexpr std::size_t kBody = 100;

ft::Task<void> answer_whole_questions(ft::TcpStream peer) {
    std::array<std::byte, kHead + kBody> question;
    while (true) {
        auto got = co_await peer.read_exact(question);
        if (!got) co_return;
        auto sent = co_await peer.write_all(question);
        if (!sent) co_return;
    }
}

ft::Task<ft::Result<void>> accept_questions(ft::Scope& peers, ft::SocketAddress where) {
    ft::Loop& loop = co_await ft::this_loop();
    FT_CO_TRY(ft::TcpListener listener, ft::TcpListener::bind(loop, where));
    while (true) {
        FT_CO_TRY(ft::TcpStream peer, co_await listener.accept());
        peers.spawn(answer_whole_questions(std::move(peer)));
    }
}

ft::Task<void> serve_questions(ft::SocketAddress where) {
    auto ended = co_await ft::with_scope(accept_questions, where);
    static_cast<void>(ended);
}

struct Rounds {
    std::vector<ft::Duration> took;
    bool is_done = false;
};

// Head and body by a write of their own: what Nagle's algorithm punishes.
ft::Task<void> ask_in_two_writes(bool no_delay, std::uint64_t rounds, Rounds& result) {
    auto stream = co_await ft::TcpStream::connect(at("10.0.0.1:7"));
    if (!stream) co_return;
    auto is_set = ft::set(*stream, ft::NoDelay{no_delay});
    if (!is_set) co_return;
    ft::Loop& loop = co_await ft::this_loop();
    std::array<std::byte, kHead + kBody> text{};
    result.took.reserve(rounds);
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const ft::Time began = loop.now();
        auto head = co_await stream->write_all(ft::Bytes(text).first(kHead));
        auto body = co_await stream->write_all(ft::Bytes(text).subspan(kHead));
        auto got = co_await stream->read_exact(text);
        if (!head || !body || !got) co_return;
        result.took.push_back(loop.now() - began);
        co_await ft::sleep(10ms);
    }
    result.is_done = true;
}

ft::Duration median(std::vector<ft::Duration> all) {
    if (all.empty()) return {};
    std::ranges::sort(all);
    return all[all.size() / 2];
}

}  // namespace

void play_nagle_stall(Run& run) {
    const Values& values = run.values();
    ft::sim::World& world = run.world();
    Host& server = world.host("server", "10.0.0.1");
    Host& waits = world.host("nagle", "10.0.0.2");
    Host& hurries = world.host("nodelay", "10.0.0.3");
    world.link(waits, server, {.delay = values.time("delay")});
    world.link(hurries, server, {.delay = values.time("delay")});
    server.run(serve_questions(at("10.0.0.1:7")));
    auto& slow = run.keep<Rounds>();
    auto& quick = run.keep<Rounds>();
    const std::uint64_t rounds = std::max<std::uint64_t>(values.count("rounds"), 1);
    waits.run(ask_in_two_writes(false, rounds, slow));
    hurries.run(ask_in_two_writes(true, rounds, quick));
    world.run_until([&] { return slow.is_done && quick.is_done; });
    run.check(slow.is_done && quick.is_done, "both come to their end");
    const ft::Duration path = 2 * values.time("delay");
    std::uint64_t stalled = 0;
    for (const ft::Duration took : slow.took) stalled += took >= path + 40ms;
    run.check(std::ranges::all_of(quick.took, [&](ft::Duration took) { return took < path + 5ms; }),
              "with TCP_NODELAY a question takes a round trip");
    run.check(rounds < 40 || stalled > 0,
              "without it some wait for the acknowledgement that the peer delays");
    run.check(run.wire().repeated() == 0, "nothing is sent again where nothing is lost");
    run.figure("a round trip", path);
    run.figure("half of the questions, with Nagle's delay", median(slow.took));
    run.figure("half of the questions, with TCP_NODELAY", median(quick.took));
    run.figure("questions that stalled", std::to_string(stalled) + " of " + std::to_string(rounds));
}

namespace {

struct Reading {
    std::uint64_t written = 0;
    std::uint64_t read = 0;
    bool is_right = true;
    bool is_done = false;
};

ft::Task<void> write_all_of_it(ft::SocketAddress where, std::uint64_t size, Reading& reading) {
    ft::Loop& loop = co_await ft::this_loop();
    auto listener = ft::TcpListener::bind(loop, where);
    if (!listener) co_return;
    auto peer = co_await listener->accept();
    if (!peer) co_return;
    constexpr std::uint64_t kPiece = 16'384;
    while (reading.written < size) {
        const std::size_t piece = std::min(kPiece, size - reading.written);
        const auto bytes = bytes_at(1, reading.written, piece);
        auto sent = co_await peer->write_all(bytes);
        if (!sent) co_return;
        reading.written += piece;
    }
}

ft::Task<void> read_with_a_pause(ft::SocketAddress whom, ft::Duration pause, Reading& reading) {
    auto stream = co_await ft::TcpStream::connect(whom);
    if (!stream) co_return;
    co_await ft::sleep(pause);
    while (true) {
        auto got = co_await stream->read();
        if (!got) co_return;
        if (got->empty()) break;
        reading.is_right = reading.is_right && are_bytes_at(1, reading.read, got->bytes());
        reading.read += got->bytes().size();
    }
    reading.is_done = true;
}

}  // namespace

void play_slow_reader(Run& run) {
    const Values& values = run.values();
    ft::sim::World& world = run.world();
    const std::uint64_t size = values.size("bytes");
    const ft::Duration pause = values.time("pause");
    Host& server = world.host("server", "10.0.0.1");
    Host& client = world.host("client", "10.0.0.2");
    world.link(server, client, {.delay = values.time("delay"), .rate = values.count("rate")});
    auto& reading = run.keep<Reading>();
    server.run(write_all_of_it(at("10.0.0.1:7"), size, reading));
    client.run(read_with_a_pause(at("10.0.0.1:7"), pause, reading));
    world.run_for(pause / 2);
    const std::uint64_t half = reading.written;
    world.run_for(pause / 2 - 1ms);
    const std::uint64_t stopped_at = reading.written;
    std::uint64_t window = 0;
    std::uint64_t probes = 0;
    for (const auto* connection : server.stack().tcp().connections()) {
        window += connection->info(world.now()).send_window_bytes.value_or(0);
        probes += connection->info(world.now()).backoff;
    }
    if (size > 8u << 20 && pause > 4s) {
        run.check(half == stopped_at, "who writes to one that does not read is made to wait");
        run.check(stopped_at < size, "no more is held than the buffers have room for");
        run.check(window == 0, "the window that is left is shut");
        run.check(probes > 0, "a shut window is asked about");
    }
    world.run_until([&reading] { return reading.is_done; }, pause + 1h);
    run.check(reading.is_done && reading.read == size && reading.is_right,
              "in the end every byte has come, in order");
    run.figure("bytes", size);
    run.figure("taken from the writer while nobody read", stopped_at);
    run.figure("probes of the shut window", probes);
    run.figure("all read after", world.elapsed());
}

namespace {

struct HalfOpen {
    std::uint64_t kept_alive = 0;
    std::uint64_t found_by_keepalive = 0;
    std::uint64_t waiting_still = 0;
    std::uint64_t found_by_writing = 0;
    ft::Time last_found{};
    ft::Time write_at{};
};

// Waits for bytes; who is not told by keepalive that nobody is there writes when the time comes.
ft::Task<void> wait_for_bytes(ft::TcpStream peer, bool keepalive, HalfOpen& counts) {
    ft::Loop& loop = co_await ft::this_loop();
    if (keepalive) {
        ++counts.kept_alive;
        auto is_set = ft::set(peer, ft::KeepAlive{true});
        if (is_set) is_set = ft::set(peer, ft::KeepAliveIdle{{30s}});
        if (is_set) is_set = ft::set(peer, ft::KeepAliveInterval{{10s}});
        if (is_set) is_set = ft::set(peer, ft::KeepAliveProbes{{3}});
        if (!is_set) co_return;
    }
    auto got = co_await ft::within(counts.write_at - loop.now(), peer.read());
    if (!got && got.error().is(ETIMEDOUT)) {
        ++counts.found_by_keepalive;
        counts.last_found = loop.now();
        co_return;
    }
    if (got || !got.error().is_deadline()) co_return;
    ++counts.waiting_still;
    auto sent = co_await peer.write_all(ft::bytes_of("still there?"));
    if (!sent) co_return;
    auto answer = co_await peer.read();
    if (!answer && answer.error().is(ECONNRESET)) ++counts.found_by_writing;
}

ft::Task<ft::Result<void>> accept_and_wait(ft::Scope& peers, ft::SocketAddress where,
                                           HalfOpen& counts) {
    ft::Loop& loop = co_await ft::this_loop();
    FT_CO_TRY(ft::TcpListener listener, ft::TcpListener::bind(loop, where));
    for (std::uint64_t number = 0;; ++number) {
        FT_CO_TRY(ft::TcpStream peer, co_await listener.accept());
        peers.spawn(wait_for_bytes(std::move(peer), number % 2 == 0, counts));
    }
}

ft::Task<void> serve_waiting(ft::SocketAddress where, HalfOpen& counts) {
    auto ended = co_await ft::with_scope(accept_and_wait, where, std::ref(counts));
    static_cast<void>(ended);
}

ft::Task<void> connect_and_stay(ft::SocketAddress whom) {
    auto stream = co_await ft::TcpStream::connect(whom);
    if (!stream) co_return;
    auto got = co_await stream->read();
    static_cast<void>(got);
}

}  // namespace

void play_half_open(Run& run) {
    const Values& values = run.values();
    ft::sim::World& world = run.world();
    const std::uint64_t clients = values.count("clients");
    Host& server = world.host("server", "10.0.0.1");
    Host& client = world.host("client", "10.0.0.2");
    world.link(server, client, {.delay = values.time("delay")});
    auto& counts = run.keep<HalfOpen>();
    counts.write_at = ft::Time{1h};
    server.run(serve_waiting(at("10.0.0.1:7"), counts));
    for (std::uint64_t number = 0; number < clients; ++number) {
        client.run(connect_and_stay(at("10.0.0.1:7")));
    }
    world.run_for(5s);
    if (world.observer() != nullptr) world.observer()->troubled("client crashes", world.now());
    client.crash();
    world.run_until([] { return false; }, 1h - 10s);
    client.restart();
    world.run_for(20s);
    run.check(counts.found_by_keepalive == counts.kept_alive,
              "keepalive finds every peer that is gone");
    run.check(clients == 0 || counts.last_found - ft::Time{} < 75s,
              "30 s idle and three probes every 10 s take about a minute");
    run.check(counts.waiting_still == clients - counts.kept_alive,
              "without it a peer that is gone is waited for as long as one likes");
    run.check(counts.found_by_writing == counts.waiting_still,
              "writing to one that came up again is answered by a reset");
    run.figure("found by keepalive", counts.found_by_keepalive);
    run.figure("the last of them after", counts.last_found - ft::Time{});
    run.figure("waited for an hour, and were told by a reset", counts.found_by_writing);
}

}  // namespace ft_scenarios
