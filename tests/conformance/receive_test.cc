#include "fivetuple/os/options.h"

#include "tests/testing/world.h"
#include <array>

namespace fivetuple::testing_help {
namespace {

class Receive : public OpTest {
protected:
    Pair pair_ = connect();
    ~Receive() override {
        close(pair_);
        settle();
    }
    void reset_by_peer() {
        const linger reset = Linger::reset().to_raw();
        EXPECT_TRUE(sockets().set_option(pair_.client, Linger::level, Linger::number,
                                         std::as_bytes(std::span(&reset, 1))));
        backend().close(pair_.client);
        settle();
    }
};
FT_IN_ALL_WORLDS(Receive);

TEST_P(Receive, TakesWhatHasComeAlready) {
    EXPECT_EQ(send(pair_.client, bytes_of("early")), 5);
    settle();
    EXPECT_EQ(receive_text(pair_.server), "early");
}

TEST_P(Receive, WaitsForWhatIsToCome) {
    std::array<std::byte, 16> room{};
    NotedOp op;
    op.ask_receive(pair_.server, room);
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    EXPECT_EQ(send(pair_.client, bytes_of("late")), 4);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, 4);
    EXPECT_EQ(text_of(Bytes(room).first(4)), "late");
}

TEST_P(Receive, C1_MayGiveLessThanThereIsRoomForAndLeavesNothingOut) {
    EXPECT_EQ(send(pair_.client, bytes_of("abcdefgh")), 8);
    EXPECT_EQ(receive_text(pair_.server, 3), "abc");
    EXPECT_EQ(receive_text(pair_.server, 3), "def");
    EXPECT_EQ(receive_text(pair_.server, 3), "gh");
}

TEST_P(Receive, IntoNoRoomIsDoneAtOnce) {
    EXPECT_EQ(receive(pair_.server, {}), 0);
    EXPECT_EQ(send(pair_.client, bytes_of("x")), 1);
    EXPECT_EQ(receive(pair_.server, {}), 0);
    EXPECT_EQ(receive_text(pair_.server), "x");
}

TEST_P(Receive, A4_TellsTheEndOfTheStreamAsOftenAsItIsAsked) {
    EXPECT_EQ(send(pair_.client, bytes_of("last")), 4);
    EXPECT_TRUE(sockets().shutdown(pair_.client, Shutdown::write));
    EXPECT_EQ(receive_text(pair_.server), "last");
    std::array<std::byte, 8> room;
    EXPECT_EQ(receive(pair_.server, room), 0);
    EXPECT_EQ(receive(pair_.server, room), 0);
    // The other direction goes on.
    EXPECT_EQ(send(pair_.server, bytes_of("answer")), 6);
    EXPECT_EQ(receive_text(pair_.client), "answer");
}

TEST_P(Receive, F34_AnEndThatComesWithTheLastBytesIsNotMissed) {
    std::array<std::byte, 16> room;
    NotedOp op;
    op.ask_receive(pair_.server, room);
    backend().submit(op);
    settle();
    EXPECT_EQ(send(pair_.client, bytes_of("bytes")), 5);
    EXPECT_TRUE(sockets().shutdown(pair_.client, Shutdown::write));
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, 5);
    EXPECT_EQ(receive(pair_.server, room), 0);
}

TEST_P(Receive, F33_AResetIsToldOnceThenTheEnd) {
    reset_by_peer();
    std::array<std::byte, 8> room;
    EXPECT_EQ(receive(pair_.server, room), -ECONNRESET);
    EXPECT_EQ(receive(pair_.server, room), 0);
}

TEST_P(Receive, F33_AResetEndsWhoWaits) {
    std::array<std::byte, 8> room;
    NotedOp op;
    op.ask_receive(pair_.server, room);
    backend().submit(op);
    settle();
    reset_by_peer();
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECONNRESET);
}

TEST_P(Receive, IsCancelledWhileItWaits) {
    std::array<std::byte, 8> room{};
    NotedOp op;
    op.ask_receive(pair_.server, room);
    backend().submit(op);
    settle();
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
    // What comes afterwards is neither lost nor put into the bytes of the cancelled one.
    EXPECT_EQ(send(pair_.client, bytes_of("after")), 5);
    EXPECT_EQ(receive_text(pair_.server), "after");
    EXPECT_EQ(room[0], std::byte{0});
}

TEST_P(Receive, IsCancelledBeforeTheLoopHasTurned) {
    std::array<std::byte, 8> room;
    NotedOp op;
    op.ask_receive(pair_.server, room);
    backend().submit(op);
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
}

TEST_P(Receive, F51_ACancelThatRacesWithDataLosesNothing) {
    for (int round = 0; round < 50; ++round) {
        std::array<std::byte, 8> room{};
        NotedOp op;
        op.ask_receive(pair_.server, room);
        backend().submit(op);
        if (round % 2 == 0) settle(2);
        EXPECT_EQ(send(pair_.client, bytes_of("x")), 1);
        backend().cancel(op);
        turn_until([&] { return op.is_done(); });
        EXPECT_EQ(op.times_done, 1);
        if (op.result == 1) {
            EXPECT_EQ(room[0], std::byte{'x'});
        } else {
            EXPECT_EQ(op.result, -ECANCELED);
            EXPECT_EQ(receive_text(pair_.server), "x");
        }
    }
}

TEST_P(Receive, F50_OurOwnShutdownEndsWhoWaits) {
    std::array<std::byte, 8> room;
    NotedOp op;
    op.ask_receive(pair_.server, room);
    backend().submit(op);
    settle();
    EXPECT_TRUE(sockets().shutdown(pair_.server, Shutdown::both));
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, 0);
}

TEST_P(Receive, OfASocketThatIsNotConnectedSaysSo) {
    const Handle socket = open();
    std::array<std::byte, 8> room;
    EXPECT_EQ(receive(socket, room), -ENOTCONN);
    backend().close(socket);
}

TEST_P(Receive, OfAHandleThatWasClosedSaysSo) {
    const Handle stale = open();
    backend().close(stale);
    const Handle next = open();
    EXPECT_NE(stale, next) << "the same number is another socket now";
    std::array<std::byte, 8> room;
    EXPECT_EQ(receive(stale, room), -EBADF);
    backend().close(next);
}

TEST_P(Receive, GetsAMegabyteWholeAndInOrder) {
    const auto data = some_bytes(std::size_t{1} << 20);
    std::vector<std::byte> got;
    std::size_t sent = 0;
    NotedOp sending;
    const auto send_more = [&] {
        sending.times_done = 0;
        sending.ask_send(pair_.client, Bytes(data).subspan(sent));
        backend().submit(sending);
    };
    send_more();
    std::array<std::byte, 7001> room;
    while (got.size() < data.size()) {
        const int count = receive(pair_.server, room);
        ASSERT_GT(count, 0);
        got.insert(got.end(), room.begin(), room.begin() + count);
        if (!sending.is_done()) continue;
        ASSERT_GE(sending.result, 0);
        sent += static_cast<std::size_t>(sending.result);
        if (sent < data.size()) send_more();
    }
    turn_until([&] { return sending.is_done(); });
    EXPECT_EQ(got, data);
}

TEST_P(Receive, F45_UrgentDataDoesNotStopTheStream) {
    FT_NEEDS_KERNEL("a call of our own on its descriptor");
    // A receive stops short of the urgent byte, which is not part of the stream; what is behind it
    // must not be left lying.
    EXPECT_EQ(send(pair_.client, bytes_of("before")), 6);
    EXPECT_EQ(::send(pair_.client.number, "!", 1, MSG_OOB | MSG_NOSIGNAL), 1);
    EXPECT_EQ(send(pair_.client, bytes_of("behind")), 6);
    std::string got;
    while (got.size() < 12) got += receive_text(pair_.server);
    EXPECT_EQ(got, "beforebehind");
    EXPECT_EQ(send(pair_.client, bytes_of("on")), 2);
    EXPECT_EQ(receive_text(pair_.server), "on");
}

}  // namespace
}  // namespace fivetuple::testing_help
