#include "fivetuple/os/options.h"
#include "fivetuple/task/scope.h"

#include "tests/testing/served.h"
#include <array>
#include <string>
#include <vector>

// What a server allows, and what becomes of those who want more.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class ServerLimitsTest : public ServedTest {};
FT_IN_ALL_WORLDS(ServerLimitsTest);

TEST_P(ServerLimitsTest, ServesEveryConnectionAndCountsThem) {
    auto done = serve_beside(
        options(), echo_connection, [](Server& server, SocketAddress at) -> Task<void> {
            auto one = co_await TcpStream::connect(at);
            auto other = co_await TcpStream::connect(at);
            const std::string first = co_await answer_to(*one, "first");
            const std::string second = co_await answer_to(*other, "second");
            EXPECT_EQ(first + second, "firstsecond");
            EXPECT_EQ(server.counters().active, 2u);
            EXPECT_EQ(server.connections().size(), 2u);
            one->close();
            other->close();
            const bool gone =
                co_await comes_true([&server] { return server.connections().empty(); });
            EXPECT_TRUE(gone);
        });
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(last().accepted, 2u);
    EXPECT_EQ(last().served, 2u);
    EXPECT_EQ(last().active, 0u);
    EXPECT_EQ(last().connection_time.count(), 2u);
}

// What becomes of a connection that is left alone, and how long that took at least.
Task<std::string> left_alone(TcpStream& stream, Duration at_least) {
    Loop& loop = co_await this_loop();
    const Time began = loop.now();
    std::string seen = co_await all_of_it(stream);
    // Both clocks are the loop's; its timers never run early.
    EXPECT_GE(loop.now() - began, at_least - 1ms);
    co_return seen;
}

TEST_P(ServerLimitsTest, F12_WhoSaysNothingIsGoneAtTheLimitOfTheFirstByte) {
    ServerOptions with = options();
    with.limits.first_byte = 50ms;
    auto done = serve_beside(with, echo_connection, [](Server&, SocketAddress at) -> Task<void> {
        auto silent = co_await TcpStream::connect(at);
        const std::string seen = co_await left_alone(*silent, 50ms);
        EXPECT_EQ(seen, "");
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(last().reasons[Reason::first_byte], 1u);
    EXPECT_EQ(last().reasons[Reason::idle], 0u);
}

TEST_P(ServerLimitsTest, WhoFallsSilentIsGoneAtTheIdleLimitAndHearsWhy) {
    ServerOptions with = options();
    with.limits.first_byte = 20ms;
    with.limits.idle = 80ms;
    with.farewell = [](Reason why) { return "closed: " + std::string(to_string(why)); };
    auto done = serve_beside(with, echo_connection, [](Server&, SocketAddress at) -> Task<void> {
        auto peer = co_await TcpStream::connect(at);
        const std::string answer = co_await answer_to(*peer, "hello");
        EXPECT_EQ(answer, "hello");
        const std::string seen = co_await left_alone(*peer, 80ms);
        EXPECT_EQ(seen, "closed: idle");
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(last().reasons[Reason::idle], 1u);
}

TEST_P(ServerLimitsTest, F38_F88_WhoNeverReadsIsResetAtTheLimitOfTheWrite) {
    ServerOptions with = options();
    with.limits.write = 100ms;
    const auto send_much = [](Connection& peer) -> Task<void> {
        const auto much = some_bytes(std::size_t{16} << 20);
        auto sent = co_await peer.write_all(much);
        EXPECT_TRUE(!sent && sent.error().is_deadline());
    };
    auto done = serve_beside(with, send_much, [](Server& server, SocketAddress at) -> Task<void> {
        auto peer = co_await TcpStream::connect(at);
        const bool cut = co_await comes_true(
            [&server] { return server.counters().reasons[Reason::write] == 1; });
        EXPECT_TRUE(cut);
        const std::string seen = co_await all_of_it(*peer);
        EXPECT_NE(seen.find("Connection reset by peer"), std::string::npos) << seen.size();
    });
    EXPECT_TRUE(done);
}

TEST_P(ServerLimitsTest, F38_TheAnswerOfAnEchoIsAWriteToo) {
    ServerOptions with = options();
    with.limits.write = 100ms;
    const auto answer_much = [](Connection& peer) -> Task<void> {
        const auto much = some_bytes(std::size_t{16} << 20);
        auto got = co_await peer.read();
        EXPECT_TRUE(got);
        got = co_await peer.write_then_read(much);
        EXPECT_FALSE(got);
    };
    auto done = serve_beside(with, answer_much, [](Server& server, SocketAddress at) -> Task<void> {
        auto peer = co_await TcpStream::connect(at);
        auto asked = co_await peer->write_all(bytes_of("?"));
        EXPECT_TRUE(asked);
        const bool cut = co_await comes_true(
            [&server] { return server.counters().reasons[Reason::write] == 1; });
        EXPECT_TRUE(cut);
    });
    EXPECT_TRUE(done);
}

TEST_P(ServerLimitsTest, WhoIsSentSomethingNowAndThenIsNotIdle) {
    ServerOptions with = options();
    with.limits.idle = 200ms;
    const auto tick = [](Scope& scope, Connection& peer) -> Task<Result<void>> {
        for (int each = 0; each < 20; ++each) {
            FT_CO_TRY_VOID(co_await sleep(50ms));
            auto sent = co_await peer.write_all(bytes_of("."));
            if (!sent) co_return std::unexpected(std::move(sent).error());
        }
        scope.cancel();
        co_return {};
    };
    const auto listen_and_tick = [tick](Scope& scope, Connection& peer) -> Task<Result<void>> {
        auto got = co_await peer.read();
        EXPECT_TRUE(got);
        scope.spawn(tick(scope, peer));
        got = co_await peer.read();
        EXPECT_TRUE(!got && got.error().is_cancelled());
        co_return {};
    };
    const auto handle = [listen_and_tick](Connection& peer) -> Task<void> {
        auto both = co_await with_scope(listen_and_tick, std::ref(peer));
        static_cast<void>(both);
    };
    auto done = serve_beside(with, handle, [](Server&, SocketAddress at) -> Task<void> {
        auto peer = co_await TcpStream::connect(at);
        auto said = co_await peer->write_all(bytes_of("!"));
        EXPECT_TRUE(said);
        const std::string seen = co_await all_of_it(*peer);
        EXPECT_EQ(seen, std::string(20, '.'));
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(last().reasons[Reason::idle], 0u);
}

TEST_P(ServerLimitsTest, F86_ARequestThatTricklesInIsDueAsAWhole) {
    ServerOptions with = options();
    with.farewell = [](Reason why) { return std::string(to_string(why)); };
    const auto read_request = [](Connection& peer) -> Task<void> {
        peer.due_within(150ms);
        std::array<std::byte, 1000> room;
        auto got = co_await peer.read_exact(room);
        EXPECT_TRUE(!got && got.error().is_deadline());
    };
    auto done = serve_beside(with, read_request, [](Server&, SocketAddress at) -> Task<void> {
        auto peer = co_await TcpStream::connect(at);
        for (int each = 0; each < 8; ++each) {
            auto sent = co_await peer->write_all(bytes_of("x"));
            EXPECT_TRUE(sent) << each;
            auto slept = co_await sleep(10ms);
            EXPECT_TRUE(slept);
        }
        const std::string seen = co_await all_of_it(*peer);
        EXPECT_EQ(seen, "due");
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(last().reasons[Reason::due], 1u);
}

TEST_P(ServerLimitsTest, ALifeIsOnlySoLong) {
    ServerOptions with = options();
    with.limits.lifetime = 100ms;
    const auto wait = [](Connection&) -> Task<void> {
        auto slept = co_await sleep(1h);
        EXPECT_FALSE(slept);
    };
    with.limits.write = 100ms;  // So often is looked.
    auto done = serve_beside(with, wait, [](Server&, SocketAddress at) -> Task<void> {
        auto peer = co_await TcpStream::connect(at);
        auto ended = peer->shutdown_write();
        EXPECT_TRUE(ended);
        const std::string seen = co_await left_alone(*peer, 90ms);
        EXPECT_EQ(seen, "");
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(last().reasons[Reason::lifetime], 1u);
}

// Connects so often; what the last one hears.
Task<std::string> last_of(SocketAddress at, int count) {
    std::vector<TcpStream> streams;
    for (int each = 0; each < count; ++each) {
        auto stream = co_await TcpStream::connect(at);
        if (!stream) co_return stream.error().message();
        streams.push_back(*std::move(stream));
        if (each + 1 == count) break;
        const std::string answer = co_await answer_to(streams.back(), "x");
        if (answer != "x") co_return answer;
    }
    co_return co_await all_of_it(streams.back());
}

TEST_P(ServerLimitsTest, F95_TooManyOfAllOfAnAddressOrOfANetworkAreTurnedAwayInWords) {
    for (const Reason why : {Reason::connections, Reason::address, Reason::network}) {
        ServerOptions with = options();
        if (why == Reason::connections) with.limits.connections = 3;
        if (why == Reason::address) with.limits.per_address = 3;
        if (why == Reason::network) with.limits.per_network = 3;
        with.farewell = [](Reason reason) { return "no: " + std::string(to_string(reason)); };
        auto done = serve_beside(
            with, echo_connection, [why](Server& server, SocketAddress at) -> Task<void> {
                const std::string heard = co_await last_of(at, 4);
                EXPECT_EQ(heard, "no: " + std::string(to_string(why)));
                // Who has left has made room.
                const bool left = co_await comes_true([&] { return server.connections().empty(); });
                EXPECT_TRUE(left);
                auto next = co_await TcpStream::connect(at);
                const std::string answer = co_await answer_to(*next, "again");
                EXPECT_EQ(answer, "again");
            });
        EXPECT_TRUE(done);
        EXPECT_EQ(last().reasons[why], 1u) << to_string(why);
    }
}

TEST_P(ServerLimitsTest, F95_WithoutWordsTheyAreReset) {
    ServerOptions with = options();
    with.limits.connections = 1;
    auto done = serve_beside(with, echo_connection, [](Server&, SocketAddress at) -> Task<void> {
        const std::string heard = co_await last_of(at, 2);
        // It may be reset before connecting has ended.
        EXPECT_TRUE(heard.ends_with(": Connection reset by peer")) << heard;
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(last().reasons[Reason::connections], 1u);
}

TEST_P(ServerLimitsTest, WhoComesTooFastWaitsAndIsServed) {
    ServerOptions with = options();
    with.limits.accepts_per_second = 50;
    auto done = serve_beside(with, echo_connection, [](Server&, SocketAddress at) -> Task<void> {
        std::vector<TcpStream> streams;
        streams.reserve(12);
        for (int each = 0; each < 12; ++each) {
            auto stream = co_await TcpStream::connect(at);
            if (stream) streams.push_back(*std::move(stream));
        }
        for (TcpStream& each : streams) {
            const std::string answer = co_await answer_to(each, "served");
            EXPECT_EQ(answer, "served");
        }
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(last().accepted, 12u);
    EXPECT_GT(last().paced, 0u);
}

TEST_P(ServerLimitsTest, F48_AHandlerHoldsOnlySoMuch) {
    ServerOptions with = options();
    with.limits.held_each = 1000;
    const auto hold = [](Connection& peer) -> Task<void> {
        {
            auto some = peer.hold(600);
            EXPECT_TRUE(some);
            auto more = peer.hold(401);
            EXPECT_TRUE(!more && more.error().cause() == Cause::limit);
        }
        auto all = peer.hold(1000);
        EXPECT_TRUE(all);
        co_return;
    };
    auto done = serve_beside(with, hold, [](Server&, SocketAddress at) -> Task<void> {
        auto peer = co_await TcpStream::connect(at);
        const std::string seen = co_await all_of_it(*peer);
        EXPECT_EQ(seen, "");
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(last().hold_refused, 1u);
}

}  // namespace
}  // namespace fivetuple::testing_help
