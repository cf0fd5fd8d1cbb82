#include "fivetuple/faults/for_each_await.h"

#include "fivetuple/protocol/framing/frames.h"
#include "fivetuple/sim.h"
#include "fivetuple/task/channel.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/patience.h"
#include "fivetuple/transport/tcp.h"

#include <gtest/gtest.h>

#include "tests/testing/simulated_peers.h"
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

namespace fivetuple {
namespace {

using namespace std::chrono_literals;
using testing_help::at;

constexpr LengthPrefix kFraming{.width = 2, .limit = 1024};
constexpr Duration kPatience = 300ms;

// --- An echo server with framing and deadlines, and a client of it -----------------------------

Task<void> answer(TcpStream peer) {
    FrameReader reader(peer, kFraming);
    FrameWriter writer(peer, kFraming);
    while (true) {
        auto frame = co_await within(kPatience, reader.read());
        if (!frame || !*frame) co_return;
        auto sent = co_await within(kPatience, writer.write((*frame)->payload));
        if (!sent) co_return;
    }
}

Task<Result<void>> answer_all(Scope& peers, TcpListener listener) {
    Patience patience(1);
    while (true) {
        auto peer = co_await listener.accept();
        if (peer) {
            patience.relieved();
            peers.spawn(answer(*std::move(peer)));
        } else if (is_shortage(peer.error())) {
            FT_CO_TRY_VOID(co_await patience.wait());
        } else {
            co_return std::unexpected(std::move(peer).error());
        }
    }
}

Task<void> serve(SocketAddress where) {
    auto listener = TcpListener::bind(co_await this_loop(), where);
    if (!listener) co_return;
    auto ended = co_await with_scope(answer_all, *std::move(listener));
    static_cast<void>(ended);
}

Task<Result<void>> ask(SocketAddress whom, int& answers) {
    FT_CO_TRY(TcpStream stream, co_await within(kPatience, TcpStream::connect(whom)));
    FrameReader reader(stream, kFraming);
    FrameWriter writer(stream, kFraming);
    for (int number = 0; number < 3; ++number) {
        const std::string text(std::size_t{100}, static_cast<char>('a' + number));
        FT_CO_TRY_VOID(co_await within(kPatience, writer.write(bytes_of(text))));
        FT_CO_TRY(auto frame, co_await within(kPatience, reader.read()));
        if (!frame) co_return std::unexpected(Error::ended("answer"));
        if (text_of(frame->payload) != text) std::abort();
        ++answers;
    }
    FT_CO_TRY_VOID(stream.shutdown_write());
    co_return {};
}

Task<void> ask_well(SocketAddress whom, int& answers) {
    auto asked = co_await ask(whom, answers);
    static_cast<void>(asked);
}

void echo_in_a_simulated_world(Trial& trial) {
    sim::World world(7);
    sim::Host& server = world.host("server", "10.0.0.1");
    sim::Host& client = world.host("client", "10.0.0.2");
    world.link(server, client, {.delay = 10ms});
    trial.watch(server.loop());
    trial.watch(client.loop());
    int answers = 0;
    server.run(serve(at("10.0.0.1:7")));
    client.run(ask_well(at("10.0.0.1:7"), answers));
    world.run_until_idle(1min);
    trial.expect(client.running() == 0, "the client has not ended");
    trial.expect(trial.is_disturbed() || answers == 3, "three answers come back");
}

TEST(ForEachAwait, TheEchoServerWithFramingAndDeadlinesBearsEverythingInASimulatedWorld) {
    const auto report = for_each_await(echo_in_a_simulated_world, {.every_fault = true});
    if (std::getenv("FT_SAY") != nullptr) {
        std::printf("%s%s", report.to_string().c_str(), report.tally.to_string().c_str());
    }
    EXPECT_TRUE(report.ok()) << report.to_string();
    EXPECT_GT(report.awaits, 15u);
    EXPECT_GT(report.limits, 8u);
    EXPECT_GT(report.calls, 20u);
    EXPECT_EQ(report.not_met, 0u) << "a simulated run meets the same awaits each time";
}

// One program on one loop: the client in the body, the server beside it.
Task<Result<void>> echo_beside(Scope& scope, TcpListener listener, SocketAddress whom,
                               int& answers) {
    scope.spawn(
        [](TcpListener taken) -> Task<void> {
            auto ended = co_await with_scope(answer_all, std::move(taken));
            static_cast<void>(ended);
        },
        std::move(listener));
    auto asked = co_await ask(whom, answers);
    scope.cancel();
    co_return asked;
}

Task<void> echo_on_one_loop(int& answers) {
    auto listener =
        TcpListener::bind(co_await this_loop(), SocketAddress(IpAddress::loopback_v4(), 0));
    if (!listener) co_return;
    const auto address = listener->local_address();
    if (!address) co_return;
    auto ended =
        co_await with_scope(echo_beside, *std::move(listener), *address, std::ref(answers));
    static_cast<void>(ended);
}

class ForEachAwaitOnKernel : public ::testing::TestWithParam<BackendKind> {};

TEST_P(ForEachAwaitOnKernel, TheEchoServerBearsEveryCancelAndEveryError) {
    const auto report = for_each_await([](Trial& trial) {
        auto loop = trial.open_loop({.backend = GetParam()});
        int answers = 0;
        trial.run(*loop, echo_on_one_loop(answers));
        trial.expect(trial.is_disturbed() || answers == 3, "three answers come back");
    });
    EXPECT_TRUE(report.ok()) << report.to_string();
    EXPECT_GT(report.awaits, 15u);
}

INSTANTIATE_TEST_SUITE_P(, ForEachAwaitOnKernel, ::testing::ValuesIn(kBackendKinds),
                         [](const auto& each) { return std::string(to_string(each.param)); });

// --- Tests of the tester -----------------------------------------------------------------------

// Runs a program on a simulated host beside a server that is right.
ForEachAwaitReport try_client(Task<void> (*program)(SocketAddress),
                              const ForEachAwaitOptions& options = {}) {
    return for_each_await(
        [program](Trial& trial) {
            sim::World world(7);
            sim::Host& server = world.host("server", "10.0.0.1");
            sim::Host& client = world.host("client", "10.0.0.2");
            world.link(server, client, {.delay = 10ms});
            trial.watch(client.loop());
            server.run(serve(at("10.0.0.1:7")));
            client.run(program(at("10.0.0.1:7")));
            world.run_until_idle(1min);
        },
        options);
}

// Gives its stream away when an answer does not come, and nobody closes it.
Task<void> leaks_on_failure(SocketAddress whom) {
    auto stream = co_await TcpStream::connect(whom);
    if (!stream) co_return;
    auto sent = co_await stream->write_all(bytes_of(std::string_view("\0\1x", 3)));
    auto got = co_await stream->read();
    if (!sent || !got) static_cast<void>(new TcpStream(*std::move(stream)));  // NOLINT
}

TEST(ForEachAwait, FindsAPlantedLeak) {
    const auto report = try_client(leaks_on_failure);
    ASSERT_FALSE(report.ok());
    EXPECT_NE(report.findings[0].find("1 sockets are open"), std::string::npos);
    EXPECT_NE(report.findings[0].find("for_each_await_test.cc:"), std::string::npos);
}

// Tries again when nothing comes in time; and when it is told to end, for ever.
Task<void> tries_for_ever(SocketAddress whom) {
    auto stream = co_await TcpStream::connect(whom);
    if (!stream) co_return;
    auto sent = co_await stream->write_all(bytes_of(std::string_view("\0\1x", 3)));
    while (sent) {
        auto got = co_await within(5ms, stream->read());
        if (got || !(got.error().is_deadline() || got.error().is_cancelled())) co_return;
    }
}

TEST(ForEachAwait, FindsAPlantedLoopThatACancelDoesNotEnd) {
    const auto report = try_client(tries_for_ever, {.patience = 1s, .most_findings = 1});
    ASSERT_EQ(report.findings.size(), 1u) << report.to_string();
    EXPECT_NE(report.findings[0].find("was cancelled: it never ends"), std::string::npos)
        << report.findings[0];
}

// A sleep without a cancel.
class DeafSleep : public Wait, public Timer, public Awaits<DeafSleep> {
public:
    DeafSleep() : Wait(kType) {
        run = [](Job& job) { static_cast<DeafSleep&>(static_cast<Timer&>(job)).resume(); };
    }
    bool start(Node& node, std::coroutine_handle<> sleeper) {
        sleep(node, sleeper);
        loop().start(*this, after(loop().now(), 30s));
        return true;
    }
    void finish() const {}

private:
    static constexpr Wait::Type kType{"sleep deafly", [](Wait&) {}, nullptr};
};

Task<void> sleeps_deafly(SocketAddress) { co_await DeafSleep(); }

TEST(ForEachAwait, FindsAPlantedMissingCancel) {
    const auto report = try_client(sleeps_deafly);
    ASSERT_EQ(report.findings.size(), 1u) << report.to_string();
    EXPECT_NE(report.findings[0].find("sleep deafly"), std::string::npos) << report.findings[0];
    EXPECT_NE(report.findings[0].find("it goes on after it was cancelled"), std::string::npos)
        << report.findings[0];
}

// Of what waits by itself, and of what others wake within the same turn of the loop.
Task<void> waits_in_all_ways(SocketAddress) {
    Channel<int> channel(1);
    auto slept = co_await sleep(5ms);
    auto ended = co_await with_scope(
        [](Scope& scope, Channel<int>& numbers) -> Task<void> {
            scope.spawn(
                [](Channel<int>& into) -> Task<void> {
                    for (int number = 0; number < 3; ++number) {
                        auto sent = co_await into.send(number);
                        static_cast<void>(sent);
                    }
                },
                std::ref(numbers));
            auto first = co_await numbers.receive();
            auto other = co_await sleep(5ms);
            auto second = co_await numbers.receive();
            auto third = co_await numbers.receive();
            static_cast<void>(first && other && second && third);
        },
        std::ref(channel));
    static_cast<void>(slept && ended);
}

TEST(ForEachAwait, WaitsThatAreNotForTheKernelAreMetToo) {
    const auto report = try_client(waits_in_all_ways);
    EXPECT_TRUE(report.ok()) << report.to_string();
    EXPECT_EQ(report.not_met, 0u);
    std::string all;
    for (const std::string& place : report.places) all += place + "\n";
    for (const char* verb :
         {"sleep at", "receive from a channel at", "send into a channel at", "wait for tasks"}) {
        EXPECT_NE(all.find(verb), std::string::npos) << verb << " is not among\n" << all;
    }
}

Task<void> crashes_on_failure(SocketAddress whom) {
    auto stream = co_await TcpStream::connect(whom);
    FT_ASSERT(stream.has_value(), "a planted crash");
}

TEST(ForEachAwait, ACrashIsAFindingToo) {
    const auto report = try_client(crashes_on_failure);
    ASSERT_FALSE(report.ok());
    EXPECT_NE(report.findings[0].find("it crashes: Aborted"), std::string::npos);
}

}  // namespace
}  // namespace fivetuple
