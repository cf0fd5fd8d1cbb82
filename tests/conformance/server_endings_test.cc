#include "fivetuple/os/options.h"
#include "fivetuple/task/scope.h"

#include "tests/testing/served.h"
#include <csignal>
#include <stdexcept>
#include <string>

// How a server and its connections end.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class ServerEndings : public ServedTest {};
FT_IN_ALL_WORLDS(ServerEndings);

TEST_P(ServerEndings, F82_AHandlerThatThrowsEndsItsConnectionOnly) {
    const auto throwing = [](Connection& peer) -> Task<void> {
        auto got = co_await peer.read();
        if (text_of(got->bytes()) == "throw") throw std::runtime_error("as asked");
        got = co_await peer.write_then_read(*std::move(got));
    };
    auto done = serve_beside(options(), throwing, [](Server&, SocketAddress at) -> Task<void> {
        auto good = co_await TcpStream::connect(at);
        auto bad = co_await TcpStream::connect(at);
        auto sent = co_await bad->write_all(bytes_of("throw"));
        EXPECT_TRUE(sent);
        auto ended = bad->shutdown_write();
        EXPECT_TRUE(ended);
        const std::string nothing = co_await all_of_it(*bad);
        EXPECT_EQ(nothing, "");
        const std::string answer = co_await answer_to(*good, "still here");
        EXPECT_EQ(answer, "still here");
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(last().threw, 1u);
}

Task<void> send_a_million(TcpStream& stream) {
    const auto much = some_bytes(1'000'000);
    auto sent = co_await stream.write_all(much);
    static_cast<void>(sent);  // The server may have closed long since.
    static_cast<void>(stream.shutdown_write());
}

Task<Result<void>> send_and_read(Scope& scope, TcpStream& stream, std::string& seen) {
    scope.spawn(send_a_million(stream));
    seen = co_await all_of_it(stream);
    co_return {};
}

TEST_P(ServerEndings, F35_AnAnswerToWhoIsStillSendingArrivesWhole) {
    const auto answer_early = [](Connection& peer) -> Task<void> {
        auto got = co_await peer.read();
        EXPECT_TRUE(got);
        const std::string answer = some_text(100'000);
        auto sent = co_await peer.write_all(bytes_of(answer));
        EXPECT_TRUE(sent);
    };
    auto done = serve_beside(options(), answer_early, [](Server&, SocketAddress at) -> Task<void> {
        for (int each = 0; each < 20; ++each) {
            auto peer = co_await TcpStream::connect(at);
            std::string seen;
            auto both = co_await with_scope(send_and_read, std::ref(*peer), std::ref(seen));
            EXPECT_TRUE(both);
            EXPECT_TRUE(seen == some_text(100'000)) << seen.size() << " bytes";
        }
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(last().served, 20u);
}

TEST_P(ServerEndings, F35_WhoNeverStopsSendingIsNotHeardForEver) {
    ServerOptions with = options();
    with.limits.linger_bytes = 200'000;
    const auto answer = [](Connection& peer) -> Task<void> {
        auto sent = co_await peer.write_all(bytes_of("enough"));
        EXPECT_TRUE(sent);
    };
    auto done = serve_beside(with, answer, [](Server&, SocketAddress at) -> Task<void> {
        auto peer = co_await TcpStream::connect(at);
        const auto some = some_bytes(50'000);
        std::size_t sent_bytes = 0;
        while (true) {
            auto sent = co_await within(20s, peer->write_all(some));
            sent_bytes += sent.bytes_moved();
            if (!sent) break;
        }
        EXPECT_GT(sent_bytes, 200'000u);
    });
    EXPECT_TRUE(done);
}

TEST_P(ServerEndings, F128_ADrainEndsWhoRestsAndLetsWhoWorksFinish) {
    const auto slow = [](Connection& peer) -> Task<void> {
        auto got = co_await peer.read();
        while (got && !got->empty()) {
            auto worked = co_await sleep(300ms);
            if (!worked) co_return;
            got = co_await peer.write_then_read(*std::move(got));
        }
    };
    bool announced = false;
    const auto body = [&announced](Server& server, SocketAddress at) -> Task<void> {
        auto resting = co_await TcpStream::connect(at);
        const std::string early = co_await answer_to(*resting, "early");
        EXPECT_EQ(early, "early");
        auto working = co_await TcpStream::connect(at);
        auto asked = co_await working->write_all(bytes_of("late"));
        EXPECT_TRUE(asked);
        const bool both = co_await comes_true([&] { return server.counters().active == 2; });
        EXPECT_TRUE(both);
        Drain how;
        how.announce = [&announced] { announced = true; };
        how.quiet = 50ms;
        server.drain(how);
        const std::string rest = co_await all_of_it(*resting);
        EXPECT_EQ(rest, "");
        const std::string late = co_await all_of_it(*working);
        EXPECT_EQ(late, "late");
        auto refused = co_await TcpStream::connect(at);
        EXPECT_FALSE(refused);
    };
    auto done = serve_beside(options(), slow, body);
    EXPECT_TRUE(done);
    EXPECT_TRUE(announced);
    EXPECT_EQ(last().reasons[Reason::drained], 2u);
}

TEST_P(ServerEndings, ADrainGoesOnAcceptingForAsLongAsItIsTold) {
    const auto body = [](Server& server, SocketAddress at) -> Task<void> {
        Drain how;
        how.stop_accepting_after = 400ms;
        how.quiet = 50ms;
        server.drain(how);
        auto late = co_await TcpStream::connect(at);
        EXPECT_TRUE(late);
        if (!late) co_return;
        const std::string answer = co_await answer_to(*late, "in time");
        EXPECT_EQ(answer, "in time");
        const std::string rest = co_await all_of_it(*late);
        EXPECT_EQ(rest, "");
    };
    EXPECT_TRUE(serve_beside(options(), echo_connection, body));
    EXPECT_EQ(last().served, 1u);
}

TEST_P(ServerEndings, F128_AHandlerThatGoesOnAndOnIsCancelledAtTheHardLimit) {
    const auto endless = [](Connection&) -> Task<void> {
        while (true) {
            auto slept = co_await sleep(10ms);
            if (!slept) co_return;
        }
    };
    const auto body = [](Server& server, SocketAddress at) -> Task<void> {
        auto peer = co_await TcpStream::connect(at);
        const bool there = co_await comes_true([&] { return server.counters().active == 1; });
        EXPECT_TRUE(there);
        Drain how;
        how.hard = 100ms;
        server.drain(how);
        const bool gone = co_await comes_true([&] { return server.counters().active == 0; });
        EXPECT_TRUE(gone);
        const std::string rest = co_await all_of_it(*peer);
        EXPECT_EQ(rest, "");
    };
    EXPECT_TRUE(serve_beside(options(), endless, body));
}

TEST_P(ServerEndings, F83_StoppedAtAnyMomentItEndsWholeAndAtOnce) {
    for (int rounds = 0; rounds < 12; ++rounds) {
        const auto body = [rounds](Server& server, SocketAddress at) -> Task<void> {
            auto one = co_await TcpStream::connect(at);
            for (int each = 0; each < rounds; ++each) {
                if (each % 2 == 0) {
                    auto sent = co_await one->write_all(bytes_of("x"));
                    EXPECT_TRUE(sent);
                }
                auto turned = co_await yield();
                EXPECT_TRUE(turned);
            }
            if (rounds % 3 == 1) server.drain();
            server.stop();
        };
        EXPECT_TRUE(serve_beside(options(), echo_connection, body)) << rounds;
        EXPECT_EQ(last().active, 0u);
    }
}

TEST_P(ServerEndings, F128_WhatTheEndCutsOffIsCountedAndTimed) {
    const auto endless = [](Connection&) -> Task<void> {
        auto slept = co_await sleep(1h);
        EXPECT_FALSE(slept);
    };
    const auto body = [](Server& server, SocketAddress at) -> Task<void> {
        auto one = co_await TcpStream::connect(at);
        auto other = co_await TcpStream::connect(at);
        const bool both = co_await comes_true([&] { return server.counters().active == 2; });
        EXPECT_TRUE(both);
        server.stop();
        const bool gone = co_await comes_true([&] { return server.counters().active == 0; });
        EXPECT_TRUE(gone);
    };
    EXPECT_TRUE(serve_beside(options(), endless, body));
    EXPECT_EQ(last().cut_off, 2u);
    EXPECT_EQ(last().handler_time.count(), 2u);
    EXPECT_EQ(last().connection_time.count(), 2u);
    EXPECT_LE(last().handler_time.most(), last().connection_time.most());
}

Task<void> connect_and_serve_there(Server& server, SocketAddress at, TcpStream& client) {
    auto listener = TcpListener::bind(server.loop(), at);
    EXPECT_TRUE(listener);
    auto connected = co_await TcpStream::connect(*listener->local_address());
    EXPECT_TRUE(connected);
    client = *std::move(connected);
    auto accepted = co_await listener->accept();
    EXPECT_TRUE(accepted);
    server.serve_also(*std::move(accepted));
}

TEST_P(ServerEndings, F127_AConnectionThatAnotherHasAcceptedIsServedAsAll) {
    ServerOptions with = options();
    with.limits.connections = 2;
    const auto body = [this](Server& server, SocketAddress at) -> Task<void> {
        auto own = co_await TcpStream::connect(at);
        const std::string first = co_await answer_to(*own, "own");
        EXPECT_EQ(first, "own");
        TcpStream taken;
        co_await connect_and_serve_there(server, loopback(), taken);
        const std::string second = co_await answer_to(taken, "taken over");
        EXPECT_EQ(second, "taken over");
        EXPECT_EQ(server.connections().size(), 2u);
        TcpStream too_many;
        co_await connect_and_serve_there(server, loopback(), too_many);
        const std::string nothing = co_await all_of_it(too_many);
        EXPECT_EQ(nothing, " - recv: Connection reset by peer");
    };
    EXPECT_TRUE(serve_beside(with, echo_connection, body));
    EXPECT_EQ(last().accepted, 3u);
    EXPECT_EQ(last().served, 2u);
    EXPECT_EQ(last().reasons[Reason::connections], 1u);
}

TEST_P(ServerEndings, F14_AListenerThatIsLeftIsAcceptedFromNoMore) {
    const auto body = [this](Server& server, SocketAddress at) -> Task<void> {
        auto second = TcpListener::bind(server.loop(), loopback());
        EXPECT_TRUE(second);
        const auto there = second->local_address();
        const Handle added = server.add(*std::move(second));
        auto peer = co_await TcpStream::connect(*there);
        EXPECT_TRUE(peer);
        const std::string before = co_await answer_to(*peer, "before");
        EXPECT_EQ(before, "before");
        EXPECT_TRUE(server.leave(added));
        const bool is_left = co_await comes_true([&] { return server.addresses().size() == 1; });
        EXPECT_TRUE(is_left);
        EXPECT_FALSE(server.leave(added));
        auto refused = co_await TcpStream::connect(*there);
        EXPECT_FALSE(refused) << "nobody else holds it";
        const std::string after = co_await answer_to(*peer, "after");
        EXPECT_EQ(after, "after");
        auto other = co_await TcpStream::connect(at);
        const std::string still = co_await answer_to(*other, "still");
        EXPECT_EQ(still, "still");
    };
    EXPECT_TRUE(serve_beside(options(), echo_connection, body));
    EXPECT_EQ(last().served, 2u);
}

TEST_P(ServerEndings, OneConnectionCanBeEndedByItsNumber) {
    const auto body = [](Server& server, SocketAddress at) -> Task<void> {
        auto one = co_await TcpStream::connect(at);
        const std::string first = co_await answer_to(*one, "one");
        EXPECT_EQ(first, "one");
        const auto all = server.connections();
        EXPECT_EQ(all.size(), 1u);
        EXPECT_EQ(all.front().awaits, "input");
        EXPECT_FALSE(server.kill(all.front().id + 1));
        EXPECT_TRUE(server.kill(all.front().id));
        const std::string seen = co_await all_of_it(*one);
        EXPECT_EQ(seen, " - recv: Connection reset by peer");
    };
    EXPECT_TRUE(serve_beside(options(), echo_connection, body));
    EXPECT_EQ(last().reasons[Reason::killed], 1u);
}

TEST_P(ServerEndings, WhoIsNotAdmittedNeverMeetsTheHandler) {
    ServerOptions with = options();
    with.admit = [](Connection& peer) -> Task<Result<void>> {
        std::array<std::byte, 1> first;
        auto got = co_await peer.read_exact(first);
        if (!got) co_return std::unexpected(std::move(got).error());
        if (text_of(first) != "+") {
            co_return std::unexpected(Error::malformed("accept", "no password"));
        }
        co_return peer.speaks_for(IpAddress(IpAddress::V4Bytes{198, 51, 100, 7}));
    };
    with.limits.per_address = 2;
    const auto body = [](Server& server, SocketAddress at) -> Task<void> {
        auto stranger = co_await TcpStream::connect(at);
        auto said = co_await stranger->write_all(bytes_of("-"));
        EXPECT_TRUE(said);
        const std::string heard = co_await all_of_it(*stranger);
        EXPECT_EQ(heard, " - recv: Connection reset by peer");
        // Those that are admitted count by another address than the one they come from.
        std::vector<TcpStream> friends;
        for (int each = 0; each < 3; ++each) {
            auto one = co_await TcpStream::connect(at);
            auto word = co_await one->write_all(bytes_of("+"));
            EXPECT_TRUE(word);
            friends.push_back(*std::move(one));
            if (each == 2) break;
            const std::string answer = co_await answer_to(friends.back(), "me");
            EXPECT_EQ(answer, "me");
        }
        const std::string third = co_await all_of_it(friends.back());
        EXPECT_EQ(third, " - recv: Connection reset by peer");
        EXPECT_EQ(server.counters().served, 2u);
    };
    EXPECT_TRUE(serve_beside(with, echo_connection, body));
    EXPECT_EQ(last().reasons[Reason::not_admitted], 2u);
    EXPECT_EQ(last().reasons[Reason::address], 1u);
}

class ServerEndingsOfProcesses : public ServedTest {};
FT_IN_KERNEL_WORLDS(ServerEndingsOfProcesses);

TEST_P(ServerEndingsOfProcesses, F129_TheFirstSignalDrainsAndTheSecondStops) {
    ServerOptions with = options();
    with.drain_at_signals = true;
    std::string said;
    with.log = [&said](std::string_view line) { (said += line) += '\n'; };
    const auto endless = [](Connection&) -> Task<void> {
        auto slept = co_await sleep(1h);
        EXPECT_FALSE(slept);
    };
    const auto body = [](Server& server, SocketAddress at) -> Task<void> {
        auto peer = co_await TcpStream::connect(at);
        const bool there = co_await comes_true([&] { return server.counters().active == 1; });
        EXPECT_TRUE(there);
        EXPECT_EQ(std::raise(SIGTERM), 0);
        const bool drains = co_await comes_true([&] { return server.is_draining(); });
        EXPECT_TRUE(drains);
        EXPECT_EQ(server.counters().active, 1u);
        EXPECT_EQ(std::raise(SIGTERM), 0);
        const bool gone = co_await comes_true([&] { return server.counters().active == 0; });
        EXPECT_TRUE(gone);
    };
    EXPECT_TRUE(serve_beside(with, endless, body));
    EXPECT_EQ(said,
              "draining: connections may finish; a second signal ends them\n"
              "stopped by a second signal\n");
}

TEST_P(ServerEndingsOfProcesses, ItListensInTheUnixDomainJustAsWell) {
    const TemporaryFolder folder;
    ServerOptions with = options();
    with.listen = {*SocketAddress::unix_path(folder.path("socket"))};
    with.limits.first_byte = 50ms;
    const auto body = [](Server&, SocketAddress at) -> Task<void> {
        auto peer = co_await UnixStream::connect(at);
        EXPECT_TRUE(peer);
        auto got = co_await within(20s, peer->read());
        EXPECT_TRUE(got && got->empty());
    };
    auto done = serve_beside(with, echo_connection, body);
    EXPECT_TRUE(done);
    EXPECT_EQ(last().reasons[Reason::first_byte], 1u);
}

}  // namespace
}  // namespace fivetuple::testing_help
