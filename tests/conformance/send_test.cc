#include "fivetuple/os/options.h"

#include "tests/testing/world.h"
#include <array>
#include <csignal>

namespace fivetuple::testing_help {
namespace {

class Send : public OpTest {
protected:
    Pair pair_ = connect();
    ~Send() override {
        close(pair_);
        settle();
    }
    /// Receives exactly so many bytes.
    void drain(Handle socket, std::size_t count) {
        std::vector<std::byte> room(std::size_t{256} * 1024);
        while (count > 0) {
            const int got = receive(socket, std::span(room).first(std::min(room.size(), count)));
            ASSERT_GT(got, 0);
            count -= static_cast<std::size_t>(got);
        }
    }
};
FT_IN_ALL_WORLDS(Send);

TEST_P(Send, OfNothingIsDoneAtOnce) { EXPECT_EQ(send(pair_.client, {}), 0); }

TEST_P(Send, F30_WaitsForRoomWhenThePeerDoesNotRead) {
    shrink_buffers(pair_);
    const std::size_t filled = fill(pair_.client);
    NotedOp op;
    op.ask_send(pair_.client, bytes_of("more"));
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    drain(pair_.server, filled);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, 4);
    EXPECT_EQ(receive_text(pair_.server), "more");
}

TEST_P(Send, IsCancelledWhileItWaitsForRoom) {
    shrink_buffers(pair_);
    fill(pair_.client);
    NotedOp op;
    op.ask_send(pair_.client, bytes_of("never"));
    backend().submit(op);
    settle();
    ASSERT_FALSE(op.is_done());
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
}

TEST_P(Send, IsCancelledBeforeTheLoopHasTurnedOrIsDone) {
    NotedOp op;
    op.ask_send(pair_.client, bytes_of("either"));
    backend().submit(op);
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_TRUE(op.result == 6 || op.result == -ECANCELED) << op.result;
}

TEST_P(Send, ClosingTheSocketEndsWhoWaitsForRoom) {
    shrink_buffers(pair_);
    fill(pair_.client);
    NotedOp op;
    op.ask_send(pair_.client, bytes_of("never"));
    backend().submit(op);
    settle();
    backend().close(pair_.client);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
}

TEST_P(Send, F32_AfterAResetFirstSaysSoThenBrokenPipeAndKillsNobody) {
    const linger reset = Linger::reset().to_raw();
    EXPECT_TRUE(sockets().set_option(pair_.server, Linger::level, Linger::number,
                                     std::as_bytes(std::span(&reset, 1))));
    backend().close(pair_.server);
    settle();
    EXPECT_EQ(send(pair_.client, bytes_of("x")), -ECONNRESET);
    EXPECT_EQ(send(pair_.client, bytes_of("x")), -EPIPE);
    const Bytes piece = bytes_of("x");
    NotedOp gathered;
    gathered.ask_send_gathered(pair_.client, std::span(&piece, 1));
    EXPECT_EQ(complete(gathered), -EPIPE);
    NotedOp both;
    both.ask_send_then_receive(pair_.client, bytes_of("x"));
    EXPECT_EQ(complete(both), -EPIPE);
}

TEST_P(Send, AfterOurOwnShutdownIsABrokenPipe) {
    EXPECT_TRUE(sockets().shutdown(pair_.client, Shutdown::write));
    EXPECT_EQ(send(pair_.client, bytes_of("x")), -EPIPE);
    EXPECT_EQ(send(pair_.server, bytes_of("still")), 5);
    EXPECT_EQ(receive_text(pair_.client), "still");
}

TEST_P(Send, F33_AResetReleasesWhoWaitsForRoom) {
    shrink_buffers(pair_);
    fill(pair_.client);
    NotedOp op;
    op.ask_send(pair_.client, bytes_of("never"));
    backend().submit(op);
    settle();
    // The server closes with unread data, which resets the connection.
    backend().close(pair_.server);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECONNRESET);
}

TEST_P(Send, GatheredPiecesGoOneBehindTheOther) {
    const std::array<Bytes, 4> pieces = {bytes_of("one "), Bytes(), bytes_of("two "),
                                         bytes_of("three")};
    NotedOp op;
    op.ask_send_gathered(pair_.client, pieces);
    EXPECT_EQ(complete(op), 13);
    std::string got;
    while (got.size() < 13) got += receive_text(pair_.server);
    EXPECT_EQ(got, "one two three");
}

TEST_P(Send, MorePiecesThanTheKernelTakesAreSentInPart) {
    const std::vector<Bytes> pieces(3000, bytes_of("x"));
    NotedOp op;
    op.ask_send_gathered(pair_.client, pieces);
    const int sent = complete(op);
    EXPECT_GT(sent, 0);
    EXPECT_LE(sent, 3000);
}

TEST_P(Send, NoPiecesAreDoneAtOnce) {
    NotedOp op;
    op.ask_send_gathered(pair_.client, {});
    EXPECT_EQ(complete(op), 0);
}

TEST_P(Send, GatheredWaitsForRoomAndSaysHowMuchWent) {
    shrink_buffers(pair_);
    const auto data = some_bytes(std::size_t{4} << 20);
    std::array<Bytes, 2> pieces = {Bytes(data).first(1000), Bytes(data).subspan(1000)};
    NotedOp op;
    op.ask_send_gathered(pair_.client, pieces);
    backend().submit(op);
    settle();
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    ASSERT_GT(op.result, 0);
    const auto went = static_cast<std::size_t>(op.result);
    EXPECT_LT(went, data.size());
    EXPECT_TRUE(sockets().shutdown(pair_.client, Shutdown::write));
    drain(pair_.server, went);
    EXPECT_EQ(receive_text(pair_.server), "") << "more has been sent than was said";
}

TEST_P(Send, OfAHandleThatWasClosedSaysSo) {
    const Handle stale = open();
    backend().close(stale);
    EXPECT_EQ(send(stale, bytes_of("x")), -EBADF);
}

}  // namespace
}  // namespace fivetuple::testing_help
