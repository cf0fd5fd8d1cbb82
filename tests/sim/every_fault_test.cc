#include "fivetuple/faults/faults.h"
#include "fivetuple/sim.h"
#include "fivetuple/sim/script.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/wait_ready.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"

#include <gtest/gtest.h>

#include "tests/testing/simulated_peers.h"
#include <array>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>

// Every kind of thing that can go wrong, of cables, machines and calls, does go wrong in these
// runs, is counted, and costs nobody a wrong answer.
namespace fivetuple::testing {
namespace {

using namespace std::chrono_literals;
using testing_help::at;

constexpr std::uint64_t kSeeds = 150;
constexpr int kQuestions = 30;

// --- Programs that bear all of it --------------------------------------------------------------

Task<void> echo(TcpStream peer) {
    Result<Lease> got = co_await peer.read();
    for (bool by_one_call = false; got && !got->empty(); by_one_call = !by_one_call) {
        if (by_one_call) {
            got = co_await peer.write_then_read(*std::move(got));
            continue;
        }
        auto sent = co_await peer.write_all(got->bytes());
        if (!sent) co_return;
        got = co_await peer.read();
    }
}

Task<Result<void>> accept_all(Scope& peers, TcpListener& listener) {
    while (true) {
        auto peer = co_await listener.accept();
        if (peer) {
            peers.spawn(echo(*std::move(peer)));
        } else if (peer.error().is_cancelled()) {
            co_return std::unexpected(peer.error());
        }
    }
}

Task<void> serve() {
    Loop& loop = co_await this_loop();
    while (true) {
        auto listener = TcpListener::bind(loop, at("10.0.0.1:7"));
        if (listener) {
            auto ended = co_await with_scope(accept_all, std::ref(*listener));
            if (!ended && ended.error().is_cancelled()) co_return;
        }
        auto slept = co_await sleep(100ms);
        if (!slept) co_return;
    }
}

struct Asker {
    int asked = 0;
    int wrong = 0;
};

Task<Result<void>> ask_on(TcpStream& stream, Asker& asker) {
    while (asker.asked < kQuestions) {
        std::array<char, 8000> question{};
        question.fill(static_cast<char>('a' + asker.asked % 26));
        std::array<char, 8000> answer{};
        auto sent = co_await within(2s, stream.write_all(std::as_bytes(std::span(question))));
        if (!sent) co_return std::unexpected(sent.error());
        auto ready = co_await within(2s, WaitReady(stream.handle(), kPollReadable));
        if (!ready) co_return ready;
        auto got =
            co_await within(2s, stream.read_exact(std::as_writable_bytes(std::span(answer))));
        if (!got) co_return std::unexpected(got.error());
        asker.wrong += question != answer;
        ++asker.asked;
        // As one does that watches for a peer that leaves.
        auto left = co_await within(200ms, stream.hang_up());
        if (left) co_return Result<void>();
    }
    co_return Result<void>();
}

Task<void> ask(Asker& asker) {
    while (asker.asked < kQuestions) {
        auto stream = co_await within(2s, TcpStream::connect(at("10.0.0.1:7")));
        if (stream) {
            auto done = co_await ask_on(*stream, asker);
            if (!done && done.error().is_cancelled()) co_return;
        }
        auto slept = co_await sleep(300ms);
        if (!slept) co_return;
    }
}

// --- Counting ----------------------------------------------------------------------------------

using Counts = std::map<std::string, std::uint64_t>;

void count_stages(const sim::Link& link, Counts& counts) {
    for (const auto& stage : link.stages()) {
        counts[std::string("cable: ") + stage->name()] += stage->struck();
    }
}

void count_calls(const FaultTally& tally, Counts& counts) {
    for (const auto& [key, times] : tally.counts()) {
        counts["call: " + std::string(to_string(key.kind))] += times;
    }
}

void run_once(std::uint64_t seed, Counts& counts) {
    Asker asker;  // Programs unwind when their world ends.
    sim::World world(seed);
    sim::Host& server = world.host("server", "10.0.0.1");
    sim::Host& client = world.host("client", "10.0.0.2");
    sim::LinkOptions options;
    options.delay = 5ms;
    options.jitter = 3ms;
    options.may_overtake = true;
    options.rate = 1'000'000;
    options.queue = std::size_t{4} * 1024;
    options.loss = options.duplicate = options.corrupt = options.reorder = 0.02;
    options.bursts.begin = 0.01;
    sim::Cable& cable = world.link(server, client, options);
    auto start = [&](sim::Host& host) {
        host.faults().at_random(seed + host.number(), 0.08);
        host.run(&host == &server ? serve() : ask(asker));
    };
    start(server);
    start(client);
    const sim::Script script =
        draw_script(world, world.streams().named("script"), {.count = 6, .until = 20s});
    play(world, script, start);
    const bool done = world.run_until([&] { return asker.asked == kQuestions; }, 30min);
    EXPECT_TRUE(done) << "seed " << seed << ": " << asker.asked << " answers";
    EXPECT_EQ(asker.wrong, 0) << "seed " << seed;
    for (const sim::Trouble& each : script) {
        if (each.at < world.elapsed()) counts["trouble: " + std::string(to_string(each.kind))] += 1;
    }
    count_stages(cable.from(server), counts);
    count_stages(cable.from(client), counts);
    count_calls(server.faults().tally(), counts);
    count_calls(client.faults().tally(), counts);
}

TEST(EveryFault, HappensIsCountedAndBorne) {
    Counts counts;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) run_once(seed, counts);
    for (const auto& [name, times] : counts) {
        std::printf("%8llu  %s\n", static_cast<unsigned long long>(times), name.c_str());
    }
    for (const sim::TroubleKind kind : sim::kTroubleKinds) {
        EXPECT_GT(counts["trouble: " + std::string(to_string(kind))], 0u) << to_string(kind);
    }
    for (std::size_t kind = 1; kind < kFaultKinds; ++kind) {
        const auto name = to_string(static_cast<FaultKind>(kind));
        EXPECT_GT(counts["call: " + std::string(name)], 0u) << name;
    }
    for (const auto& [name, times] : counts) EXPECT_GT(times, 0u) << name;
    EXPECT_GE(counts.size(), 30u);
}

}  // namespace
}  // namespace fivetuple::testing
