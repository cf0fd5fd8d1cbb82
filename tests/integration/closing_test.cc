#include "fivetuple/os/options.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/tcp.h"

#include "tests/testing/both_ends.h"
#include "tests/testing/world.h"
#include <array>
#include <vector>

// How connections end, and what each end hears of it.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class Closing : public ConnectionTest {};
FT_IN_ALL_WORLDS(Closing);

Task<Result<std::size_t>> count_to_end(TcpStream& from) {
    std::size_t count = 0;
    while (true) {
        FT_CO_TRY(const Lease got, co_await from.read());
        if (got.empty()) co_return count;
        count += got.size();
    }
}

/// The end of a server that owes an answer to a peer whose bytes it has not read: say that no more
/// comes, then read what is left, for so long.
Task<Result<void>> answer_and_linger(TcpStream peer, Bytes answer) {
    auto sent = co_await peer.write_all(answer);
    if (!sent) co_return std::unexpected(std::move(sent).error());
    FT_CO_TRY_VOID(peer.shutdown_write());
    FT_CO_TRY_VOID(co_await within(30s, count_to_end(peer)));
    co_return {};
}

Task<Result<void>> ask_then_read_all(TcpStream& peer, std::size_t& got) {
    FT_CO_TRY(got, co_await count_to_end(peer));
    co_return peer.shutdown_write();
}

TEST_P(Closing, F35_AnAnswerArrivesWholeThoughTheQuestionWasNeverRead) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        const auto question = some_bytes(1000);
        const auto answer = some_bytes(1'000'000);
        auto asked = co_await client.write_all(question);
        EXPECT_TRUE(asked);
        std::size_t got = 0;
        auto both = co_await all_of(answer_and_linger(std::move(server), answer),
                                    ask_then_read_all(client, got));
        EXPECT_TRUE(both);
        EXPECT_EQ(got, answer.size());
    });
}

TEST_P(Closing, F35_ACloseWithUnreadBytesIsAResetForThePeer) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        auto sent = co_await client.write_all(bytes_of("nobody reads this"));
        EXPECT_TRUE(sent);
        auto there = co_await within(10ms, server.hang_up());  // So that it has arrived.
        EXPECT_TRUE(!there && there.error().is_deadline());
        server.close();
        auto got = co_await within(30s, client.read());
        EXPECT_TRUE(!got && got.error().is(ECONNRESET));
    });
}

TEST_P(Closing, F37_AnEndThatCameWhileNobodyReadIsToldToWhoReadsLater) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        auto first = co_await within(2ms, server.read());
        EXPECT_TRUE(!first && first.error().is_deadline());
        client.close();
        auto slept = co_await sleep(10ms);
        EXPECT_TRUE(slept);
        for (int times = 0; times < 3; ++times) {
            auto end = co_await within(30s, server.read());
            EXPECT_TRUE(end && end->empty());
        }
    });
}

TEST_P(Closing, F37_F33_AResetThatCameWhileNobodyReadIsToldToWhoReadsLater) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        auto first = co_await within(2ms, server.read());
        EXPECT_TRUE(!first && first.error().is_deadline());
        EXPECT_TRUE(set(client, Linger::reset()));
        client.close();
        auto slept = co_await sleep(10ms);
        EXPECT_TRUE(slept);
        auto reset = co_await within(30s, server.read());
        EXPECT_TRUE(!reset && reset.error().is(ECONNRESET));
    });
}

TEST_P(Closing, F47_BothEndsSendSmallMessagesAtOnce) {
    on_both_ends([](TcpStream client, TcpStream server) -> Task<void> {
        EXPECT_TRUE(get<NoDelay>(client)->on);
        EXPECT_TRUE(get<NoDelay>(server)->on);
        co_return;
    });
}

TEST_P(Closing, F52_F83_ATaskThatIsCancelledInAnyPhaseLeavesNothingBehind) {
    // The frame that owns the stream ends while the kernel still holds its bytes.
    auto talk = [](Loop& here, SocketAddress at, Duration limit) -> Task<void> {
        auto conversation = [](Loop& loop, SocketAddress where) -> Task<Result<void>> {
            FT_CO_TRY(auto listener, TcpListener::bind(loop, where));
            FT_CO_TRY(auto address, listener.local_address());
            FT_CO_TRY(auto client, co_await TcpStream::connect(address));
            FT_CO_TRY(auto server, co_await listener.accept());
            const std::vector<std::byte> data(100'000);
            std::vector<std::byte> room(100'000);
            while (true) {
                auto both = co_await all_of(client.write_all(data), server.read_exact(room));
                if (!both) co_return std::unexpected(std::move(both).error());
                if (!both->template get<0>()) {
                    co_return std::unexpected(both->template get<0>().error());
                }
                if (!both->template get<1>()) {
                    co_return std::unexpected(both->template get<1>().error());
                }
            }
        };
        auto ended = co_await within(limit, conversation(here, at));
        EXPECT_TRUE(!ended && ended.error().is_deadline()) << ended.error().message();
    };
    for (int step = 0; step < 60; ++step) {
        run(loop(), talk(loop(), loopback(), step * 50us));
    }
}

}  // namespace
}  // namespace fivetuple::testing_help
