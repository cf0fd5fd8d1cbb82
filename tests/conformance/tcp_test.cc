#include "fivetuple/transport/tcp.h"

#include "fivetuple/os/options.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/first_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/split.h"

#include "tests/testing/both_ends.h"
#include "tests/testing/world.h"
#include <array>
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class Tcp : public ConnectionTest {};
FT_IN_ALL_WORLDS(Tcp);

TEST_P(Tcp, A1_BytesGoBothWays) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        auto sent = co_await client.write_all(bytes_of("question"));
        EXPECT_EQ(sent.bytes_moved(), 8u);
        auto got = co_await server.read();
        EXPECT_EQ(text_of(got->bytes()), "question");
        auto answered = co_await server.write_all(bytes_of("answer"));
        EXPECT_TRUE(answered);
        std::array<std::byte, 6> room;
        auto back = co_await client.read_exact(room);
        EXPECT_TRUE(back);
        EXPECT_EQ(text_of(room), "answer");
    });
}

TEST_P(Tcp, A2_ThePortThatTheKernelChoseCanBeRead) {
    auto listener = TcpListener::bind(loop(), loopback());
    ASSERT_TRUE(listener);
    EXPECT_NE(listener->local_address()->port(), 0);
}

TEST_P(Tcp, A3_AConnectionIsItsFiveTuple) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        const auto ours = client.five_tuple();
        const auto theirs = server.five_tuple();
        EXPECT_EQ(*ours, theirs->reversed());
        EXPECT_EQ(ours->protocol, Protocol::tcp);
        EXPECT_EQ(ours->to_string(), "tcp " + client.local_address()->to_string() + " <-> " +
                                         server.local_address()->to_string());
        co_return;
    });
}

TEST_P(Tcp, A4_AfterShuttingDownOneDirectionTheOtherGoesOn) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        EXPECT_TRUE(client.shutdown_write());
        auto end = co_await server.read();
        EXPECT_TRUE(end->empty());
        auto sent = co_await server.write_all(bytes_of("still here"));
        EXPECT_TRUE(sent);
        EXPECT_TRUE(server.shutdown_write());
        std::array<std::byte, 32> room;
        auto got = co_await client.read_exact(room);
        EXPECT_EQ(got.bytes_moved(), 10u);
        EXPECT_EQ(got.error().cause(), Cause::ended);
    });
}

TEST_P(Tcp, C1_ReadExactSaysHowMuchCameBeforeTheEnd) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        auto sent = co_await client.write_all(bytes_of("seven b"));
        EXPECT_TRUE(sent);
        client.close();
        std::array<std::byte, 100> room;
        auto got = co_await server.read_exact(room);
        EXPECT_FALSE(got);
        EXPECT_EQ(got.bytes_moved(), 7u);
        EXPECT_EQ(got.error().message(), "recv: the peer finished early");
    });
}

Task<Result<std::size_t>> read_to_end(TcpStream& from, std::vector<std::byte>& into) {
    while (true) {
        FT_CO_TRY(const Lease got, co_await from.read());
        if (got.empty()) co_return into.size();
        into.insert(into.end(), got.bytes().begin(), got.bytes().end());
    }
}
Task<Transfer> write_and_finish(TcpStream& to, Bytes data) {
    auto sent = co_await to.write_all(data);
    static_cast<void>(to.shutdown_write());
    co_return sent;
}

TEST_P(Tcp, WritesAndReadsMegabytesBothWaysAtOnce) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        const auto there = some_bytes(std::size_t{3} << 20, 1);
        const auto back = some_bytes(std::size_t{2} << 20, 2);
        std::vector<std::byte> got_there;
        std::vector<std::byte> got_back;
        auto all = co_await all_of(write_and_finish(client, there), write_and_finish(server, back),
                                   read_to_end(client, got_back), read_to_end(server, got_there));
        EXPECT_TRUE(all);
        EXPECT_EQ(got_there, there);
        EXPECT_EQ(got_back, back);
    });
}

TEST_P(Tcp, F30_PiecesOfEverySizeArriveInOrderThroughTinyBuffers) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        EXPECT_TRUE(set(client, SendBuffer{{4096}}));
        EXPECT_TRUE(set(server, ReceiveBuffer{{4096}}));
        const auto data = some_bytes(100'000);
        std::vector<Bytes> pieces;
        for (std::size_t begin = 0, size = 0; begin < data.size(); begin += size, size += 7) {
            size = std::min(size, data.size() - begin);
            pieces.push_back(Bytes(data).subspan(begin, size));
            if (size == 0) size = 1, pieces.back() = Bytes(data).subspan(begin, 1);
        }
        auto writer = [](TcpStream& to, std::vector<Bytes>& what) -> Task<Transfer> {
            auto sent = co_await to.writev(what);
            static_cast<void>(to.shutdown_write());
            co_return sent;
        };
        std::vector<std::byte> got;
        auto both = co_await all_of(writer(client, pieces), read_to_end(server, got));
        EXPECT_TRUE(both);
        EXPECT_EQ(got, data);
    });
}

TEST_P(Tcp, C2_WritingToAPeerThatHasGoneFailsAndSaysHowMuchWent) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        EXPECT_TRUE(set(server, Linger::reset()));
        server.close();
        const auto data = some_bytes(std::size_t{8} << 20);
        auto sent = co_await client.write_all(data);
        EXPECT_FALSE(sent);
        EXPECT_TRUE(sent.error().is(ECONNRESET) || sent.error().is(EPIPE));
        EXPECT_LT(sent.bytes_moved(), data.size());
    });
}

TEST_P(Tcp, D1_AReadEndsWithItsDeadlineAndTheStreamGoesOn) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        std::array<std::byte, 8> room;
        auto late = co_await within(2ms, server.read_some(room));
        EXPECT_EQ(late.error().message(), "recv: the time limit ran out");
        auto exact = co_await within(2ms, server.read_exact(room));
        EXPECT_TRUE(exact.error().is_deadline());
        auto lease = co_await within(2ms, server.read());
        EXPECT_TRUE(lease.error().is_deadline());
        auto sent = co_await client.write_all(bytes_of("here"));
        EXPECT_TRUE(sent);
        auto got = co_await within(10s, server.read());
        EXPECT_EQ(text_of(got->bytes()), "here");
    });
}

TEST_P(Tcp, F38_AWriteToAPeerThatDoesNotReadEndsWithItsDeadline) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        EXPECT_TRUE(set(client, SendBuffer{{4096}}));
        const auto data = some_bytes(std::size_t{16} << 20);
        auto sent = co_await within(20ms, client.write_all(data));
        EXPECT_TRUE(sent.error().is_deadline());
        EXPECT_GT(sent.bytes_moved(), 0u);
        EXPECT_LT(sent.bytes_moved(), data.size());
        // What was said to have gone is what arrives.
        client.close();
        std::vector<std::byte> got;
        auto read = co_await read_to_end(server, got);
        EXPECT_TRUE(read);
        EXPECT_EQ(got.size(), sent.bytes_moved());
    });
}

TEST_P(Tcp, ThePeersHangUpIsNoticedWithoutReading) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        auto quiet = co_await within(2ms, server.hang_up());
        EXPECT_TRUE(quiet.error().is_deadline());
        auto sent = co_await client.write_all(bytes_of("unread"));
        EXPECT_TRUE(sent);
        client.close();
        auto gone = co_await within(10s, server.hang_up());
        EXPECT_TRUE(gone);
        auto got = co_await server.read();
        EXPECT_EQ(text_of(got->bytes()), "unread");
    });
}

Task<Result<void>> answers(TcpStream& server, int rounds) {
    Lease request;
    for (int round = 0; round < rounds; ++round) {
        FT_CO_TRY(request, co_await server.write_then_read(std::move(request)));
    }
    auto sent = co_await server.write_all(request.bytes());
    if (!sent) co_return std::unexpected(std::move(sent).error());
    co_return {};
}
Task<Result<void>> asks(TcpStream& client, int rounds) {
    for (int round = 0; round < rounds; ++round) {
        const std::string text = "message " + std::to_string(round);
        auto sent = co_await client.write_all(bytes_of(text));
        if (!sent) co_return std::unexpected(std::move(sent).error());
        std::string back(text.size(), '\0');
        auto got = co_await client.read_exact(std::as_writable_bytes(std::span(back)));
        if (!got) co_return std::unexpected(std::move(got).error());
        EXPECT_EQ(back, text);
    }
    co_return {};
}

TEST_P(Tcp, WriteThenReadAnswersAndWaitsForTheNext) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        auto both = co_await all_of(answers(server, 200), asks(client, 200));
        EXPECT_TRUE(both);
    });
}

TEST_P(Tcp, WriteThenReadIsBoundedByADeadlineWhileItWritesAndWhileItReads) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        auto waits = co_await within(2ms, server.write_then_read(bytes_of("hello")));
        EXPECT_TRUE(waits.error().is_deadline());
        auto got = co_await client.read();
        EXPECT_EQ(text_of(got->bytes()), "hello");
        const auto data = some_bytes(std::size_t{16} << 20);
        auto blocked = co_await within(20ms, server.write_then_read(data));
        EXPECT_TRUE(blocked.error().is_deadline());
    });
}

TEST_P(Tcp, HalvesOfASplitStreamBelongToTwoTasks) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        auto halves = split(std::move(server));
        auto echo = [](StreamReader<TcpStream> reader,
                       StreamWriter<TcpStream> writer) -> Task<Result<void>> {
            while (true) {
                FT_CO_TRY(const Lease got, co_await reader.read());
                if (got.empty()) co_return {};  // The writer ends here and shuts its side down.
                auto sent = co_await writer.write_all(got.bytes());
                if (!sent) co_return std::unexpected(std::move(sent).error());
            }
        };
        auto driver = [](TcpStream& stream) -> Task<Result<void>> {
            auto sent = co_await stream.write_all(bytes_of("both ways"));
            EXPECT_TRUE(sent);
            EXPECT_TRUE(stream.shutdown_write());
            std::vector<std::byte> got;
            auto read = co_await read_to_end(stream, got);
            EXPECT_EQ(text_of(got), "both ways");
            co_return {};
        };
        auto both = co_await all_of(echo(std::move(halves.reader), std::move(halves.writer)),
                                    driver(client));
        EXPECT_TRUE(both);
    });
}

// --- Connecting --------------------------------------------------------------------------------

Task<Error> connect_error(SocketAddress to) {
    auto stream = co_await within(5s, TcpStream::connect(to));
    co_return stream ? Error::ended("it connected") : stream.error();
}

TEST_P(Tcp, F20_AConnectThatIsRefusedNamesTheAddress) {
    SocketAddress nobody;
    {
        auto listener = TcpListener::bind(loop(), loopback());
        nobody = *listener->local_address();
    }
    EXPECT_EQ(run(loop(), connect_error(nobody)).message(),
              "connect " + nobody.to_string() + ": Connection refused");
}

TEST_P(Tcp, ConnectingToAnAddressThatIsNotIpSaysSo) {
    EXPECT_EQ(run(loop(), connect_error(*SocketAddress::parse("@nobody"))).message(),
              "connect unix:@nobody: TCP needs an IP address");
}

Task<Result<std::string>> connect_to_silence(Loop& here, SocketAddress at) {
    ListenOptions options;
    options.backlog = 0;
    FT_CO_TRY(auto listener, TcpListener::bind(here, at, options));
    const auto address = listener.local_address();
    std::vector<TcpStream> fillers;
    while (fillers.size() < 10) {
        auto filler = co_await within(30ms, TcpStream::connect(*address));
        if (!filler)
            co_return filler.error().message() ==
                    "connect " + address->to_string() + ": the time limit ran out"
                ? "deadline"
                : filler.error().message();
        fillers.push_back(*std::move(filler));
    }
    co_return "the queue never filled";
}

TEST_P(Tcp, J10_AConnectToAHostThatDoesNotAnswerEndsWithItsDeadline) {
    auto said = run(loop(), connect_to_silence(loop(), loopback()));
    EXPECT_EQ(said.value(), "deadline");
}

TEST_P(Tcp, F22_ASourceAddressCanBeGiven) {
    auto task = [](World& world) -> Task<void> {
        Loop& here = co_await this_loop();
        auto listener = TcpListener::bind(here, world.loopback());
        const auto at = listener->local_address();
        TcpStream::ConnectOptions options;
        options.from = SocketAddress(*IpAddress::parse("127.0.0.3"), 0);
        auto client = co_await TcpStream::connect(*at, options);
        EXPECT_EQ(client->local_address()->ip().to_string(), "127.0.0.3");
        auto server = co_await listener->accept();
        EXPECT_EQ(server->peer_address()->ip().to_string(), "127.0.0.3");
    };
    run(loop(), task(world()));
}

// --- Listening ---------------------------------------------------------------------------------

TEST_P(Tcp, F17_AListenerThatComesAgainBindsAtOnce) {
    // The server closes first, so its port stays in TIME_WAIT.
    SocketAddress at;
    auto session = [](World& world, SocketAddress& where) -> Task<void> {
        Loop& here = co_await this_loop();
        auto listener = TcpListener::bind(here, world.loopback());
        where = *listener->local_address();
        auto client = co_await TcpStream::connect(where);
        auto server = co_await listener->accept();
        server->close();
        auto end = co_await client->read();
        EXPECT_TRUE(end->empty());
    };
    run(loop(), session(world(), at));
    auto again = TcpListener::bind(loop(), at);
    EXPECT_TRUE(again) << again.error().message();
}

TEST_P(Tcp, F18_AnAddressThatIsTakenOrNotOursIsNamed) {
    auto first = TcpListener::bind(loop(), loopback());
    const SocketAddress at = *first->local_address();
    auto second = TcpListener::bind(loop(), at);
    ASSERT_FALSE(second);
    EXPECT_TRUE(second.error().is(EADDRINUSE));
    EXPECT_NE(second.error().message().find(at.to_string()), std::string::npos);
    auto foreign = TcpListener::bind(loop(), *SocketAddress::parse("192.0.2.1:0"));
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().message(), "bind 192.0.2.1:0: Cannot assign requested address");
}

TEST_P(Tcp, J6_SeveralListenersShareAnAddressWhenTheyAllWantTo) {
    ListenOptions shared;
    shared.reuse_port = true;
    auto first = TcpListener::bind(loop(), loopback(), shared);
    const SocketAddress at = *first->local_address();
    EXPECT_TRUE(TcpListener::bind(loop(), at, shared));
    EXPECT_FALSE(TcpListener::bind(loop(), at));
}

TEST_P(Tcp, B1_AnIpv6ListenerServesIpv4AsWellUnlessItIsToldNotTo) {
    auto task = [](bool only_v6) -> Task<Result<std::string>> {
        Loop& here = co_await this_loop();
        ListenOptions options;
        options.v6_only = only_v6;
        FT_CO_TRY(auto listener, TcpListener::bind(here, *SocketAddress::parse("*:0"), options));
        const SocketAddress at(IpAddress::loopback_v4(), listener.local_address()->port());
        auto client = co_await within(5s, TcpStream::connect(at));
        if (!client) co_return client.error().reason();
        auto server = co_await listener.accept();
        co_return server->peer_address()->ip().unmapped().to_string();
    };
    EXPECT_EQ(run(loop(), task(false)).value(), "127.0.0.1");
    EXPECT_EQ(run(loop(), task(true)).value(), "Connection refused");
}

TEST_P(Tcp, F10_TheAcceptQueueTellsItsLengthAndItsLimit) {
    auto task = [](World& world) -> Task<void> {
        Loop& here = co_await this_loop();
        ListenOptions options;
        options.backlog = 7;
        auto listener = TcpListener::bind(here, world.loopback(), options);
        const SocketAddress at = *listener->local_address();
        std::vector<TcpStream> clients;
        for (int count = 0; count < 3; ++count) {
            auto client = co_await TcpStream::connect(at);
            clients.push_back(*std::move(client));
        }
        const auto queue = listener->accept_queue();
        EXPECT_EQ(queue->limit, 7u);
        EXPECT_EQ(queue->waiting, 3u);
    };
    run(loop(), task(world()));
}

TEST_P(Tcp, AcceptIsBoundedByADeadline) {
    auto task = [](World& world) -> Task<Error> {
        Loop& here = co_await this_loop();
        auto listener = TcpListener::bind(here, world.loopback());
        auto peer = co_await within(2ms, listener->accept());
        co_return peer.error();
    };
    EXPECT_TRUE(run(loop(), task(world())).is_deadline());
}

// --- A server under change ---------------------------------------------------------------------

Task<void> echo(TcpStream peer) {
    while (true) {
        auto got = co_await peer.read();
        if (!got || got->empty()) co_return;
        auto sent = co_await peer.write_all(got->bytes());
        if (!sent) co_return;
    }
}
Task<Result<void>> accept_all(Scope& peers, TcpListener& listener) {
    while (true) {
        FT_CO_TRY(TcpStream peer, co_await listener.accept());
        peers.spawn(echo(std::move(peer)));
    }
}
Task<void> one_client(SocketAddress at, int index, int& right) {
    for (int round = 0; round < 5; ++round) {
        auto stream = co_await TcpStream::connect(at);
        if (!stream) co_return;
        const auto data = some_bytes(static_cast<std::size_t>(1 + index * 37 % 5000),
                                     static_cast<std::uint64_t>(index));
        auto sent = co_await stream->write_all(data);
        std::vector<std::byte> back(data.size());
        auto got = co_await stream->read_exact(back);
        if (sent && got && back == data) right++;
        // Every third goes away without a word.
        if (index % 3 == 0) static_cast<void>(set(*stream, Linger::reset()));
    }
}
Task<Result<void>> many_clients(Scope& scope, SocketAddress at, int count, int& right) {
    for (int index = 0; index < count; ++index) scope.spawn(one_client(at, index, right));
    co_return {};
}

TEST_P(Tcp, HundredsOfClientsComeAndGoAndAreAllServed) {
    auto task = [](World& world, int& right) -> Task<void> {
        Loop& here = co_await this_loop();
        auto listener = TcpListener::bind(here, world.loopback());
        const SocketAddress at = *listener->local_address();
        auto ended = co_await first_of(with_scope(many_clients, at, 200, std::ref(right)),
                                       with_scope(accept_all, std::ref(*listener)));
        EXPECT_EQ(ended.index(), 0u);
    };
    int right = 0;
    run(loop(), task(world(), right));
    EXPECT_EQ(right, 1000);
}

TEST_P(Tcp, F83_AServerIsCancelledWithAllItsPeersWhateverTheyAreDoing) {
    auto task = [](World& world) -> Task<void> {
        Loop& here = co_await this_loop();
        auto listener = TcpListener::bind(here, world.loopback());
        const SocketAddress at = *listener->local_address();
        auto clients = [](SocketAddress where) -> Task<Result<void>> {
            std::vector<TcpStream> streams;
            for (int count = 0; count < 50; ++count) {
                FT_CO_TRY(TcpStream stream, co_await TcpStream::connect(where));
                if (count % 2 == 0) {
                    auto sent = co_await stream.write_all(bytes_of("x"));
                    if (!sent) co_return std::unexpected(std::move(sent).error());
                }
                streams.push_back(std::move(stream));
            }
            FT_CO_TRY_VOID(co_await sleep(2ms));
            co_return {};
        };
        auto ended = co_await first_of(clients(at), with_scope(accept_all, std::ref(*listener)));
        EXPECT_EQ(ended.index(), 0u);
    };
    run(loop(), task(world()));
    EXPECT_EQ(loop().backend().open_sockets(), 0u);
}

}  // namespace
}  // namespace fivetuple::testing_help
