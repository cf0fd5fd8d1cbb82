#include "tests/testing/world.h"
#include <array>
#include <deque>

namespace fivetuple::testing_help {
namespace {

class Close : public OpTest {};
FT_IN_ALL_WORLDS(Close);

TEST_P(Close, ThePeerIsToldAtOnceThoughAReceiveWasUnderWay) {
    const Pair pair = connect();
    std::array<std::byte, 8> room{};
    NotedOp op;
    op.ask_receive(pair.server, room);
    backend().submit(op);
    settle();
    backend().close(pair.server);
    std::array<std::byte, 8> other;
    EXPECT_EQ(receive(pair.client, other), 0);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
    backend().close(pair.client);
}

TEST_P(Close, F49_NothingIsWrittenIntoTheBytesOfAnEndedReceive) {
    const Pair pair = connect();
    std::array<std::byte, 8> room{};
    NotedOp op;
    op.ask_receive(pair.server, room);
    backend().submit(op);
    settle();
    backend().close(pair.server);
    turn_until([&] { return op.is_done(); });
    NotedOp sending;
    sending.ask_send(pair.client, bytes_of("late"));
    backend().submit(sending);
    settle();
    EXPECT_EQ(room[0], std::byte{0});
    backend().close(pair.client);
    turn_until([&] { return sending.is_done(); });
}

TEST_P(Close, EverythingUnderWayOnTheSocketEnds) {
    const Pair pair = connect();
    shrink_buffers(pair);
    fill(pair.server);
    std::array<std::byte, 8> room;
    std::array<NotedOp, 3> ops;
    ops[0].ask_receive(pair.server, room);
    ops[1].ask_send(pair.server, bytes_of("never"));
    ops[2].ask_poll(pair.server, kPeerClosed);
    for (NotedOp& op : ops) backend().submit(op);
    settle();
    backend().close(pair.server);
    turn_until([&] { return std::ranges::all_of(ops, &NotedOp::is_done); });
    for (const NotedOp& op : ops) {
        EXPECT_EQ(op.result, -ECANCELED);
        EXPECT_EQ(op.times_done, 1);
    }
    backend().close(pair.client);
}

TEST_P(Close, F72_ANumberThatIsUsedAgainNeverHearsOfItsPredecessor) {
    const Handle listener = listen(64);
    std::deque<Handle> clients;
    for (int round = 0; round < 100; ++round) {
        const Pair pair = connect(listener);
        std::array<std::byte, 8> room;
        NotedOp op;
        op.ask_receive_lease(pair.server);
        backend().submit(op);
        if (round % 2 == 0) settle(1);
        EXPECT_EQ(send(pair.client, bytes_of("old")), 3);
        backend().close(pair.server);

        const Pair next = connect(listener);
        NotedOp fresh;
        fresh.ask_receive(next.server, room);
        backend().submit(fresh);
        settle(2);
        EXPECT_FALSE(fresh.is_done()) << "it got what belonged to another";
        EXPECT_EQ(send(next.client, bytes_of("new")), 3);
        turn_until([&] { return fresh.is_done() && op.is_done(); });
        EXPECT_EQ(fresh.result, 3);
        EXPECT_EQ(text_of(Bytes(room).first(3)), "new");
        if (op.result > 0) op.take_lease();
        backend().close(pair.client);
        close(next);
    }
    backend().close(listener);
}

TEST_P(Close, F71_OneThatIsClosedByWhatRanBeforeItInTheSameTurnIsLeftAlone) {
    // All of them become readable in one turn; the first to run closes all the others.
    struct Closer : Op {
        std::deque<Pair>* pairs = nullptr;
        Backend* backend = nullptr;
        int runs = 0;
        std::array<std::byte, 8> room;
    };
    const Handle listener = listen(64);
    std::deque<Pair> pairs;
    for (int count = 0; count < 20; ++count) pairs.push_back(connect(listener));
    std::deque<Closer> ops(pairs.size());
    bool has_closed = false;
    static bool* closed_flag;
    closed_flag = &has_closed;
    for (std::size_t at = 0; at < pairs.size(); ++at) {
        ops[at].pairs = &pairs;
        ops[at].backend = &backend();
        ops[at].run = [](Job& job) {
            auto& self = static_cast<Closer&>(static_cast<Op&>(job));
            self.runs++;
            if (std::exchange(*closed_flag, true)) return;
            for (const Pair& pair : *self.pairs) self.backend->close(pair.server);
        };
        ops[at].ask_receive(pairs[at].server, ops[at].room);
        backend().submit(ops[at]);
    }
    settle();
    std::deque<NotedOp> sends(pairs.size());
    for (std::size_t at = 0; at < pairs.size(); ++at) {
        sends[at].ask_send(pairs[at].client, bytes_of("x"));
        backend().submit(sends[at]);
    }
    turn_until([&] { return std::ranges::all_of(ops, [](auto& op) { return op.runs > 0; }); });
    settle();
    for (const Closer& op : ops) {
        EXPECT_EQ(op.runs, 1);
        EXPECT_TRUE(op.result == 1 || op.result == -ECANCELED) << op.result;
    }
    for (const Pair& pair : pairs) backend().close(pair.client);
    backend().close(listener);
    settle();
}

TEST_P(Close, TwiceIsHarmless) {
    const Handle socket = open();
    backend().close(socket);
    const Handle next = open();
    backend().close(socket);
    EXPECT_TRUE(sockets().local_address(next)) << "the stale handle closed its successor";
    EXPECT_TRUE(sockets().local_address(socket).error().is(EBADF));
    backend().close(next);
}

TEST_P(Close, CountsWhatIsOpen) {
    const std::size_t before = backend().open_sockets();
    const Pair pair = connect();
    EXPECT_EQ(backend().open_sockets(), before + 2);
    close(pair);
    EXPECT_EQ(backend().open_sockets(), before);
}

TEST_P(Close, EverySynchronousCallOfAClosedHandleSaysSo) {
    const Handle stale = open();
    backend().close(stale);
    EXPECT_TRUE(sockets().bind(stale, world().loopback()).error().is(EBADF));
    EXPECT_TRUE(sockets().listen(stale, 1).error().is(EBADF));
    EXPECT_TRUE(sockets().shutdown(stale, Shutdown::both).error().is(EBADF));
    EXPECT_TRUE(sockets().local_address(stale).error().is(EBADF));
    EXPECT_TRUE(sockets().peer_address(stale).error().is(EBADF));
    int value = 0;
    EXPECT_TRUE(
        sockets()
            .set_option(stale, SOL_SOCKET, SO_KEEPALIVE, std::as_bytes(std::span(&value, 1)))
            .error()
            .is(EBADF));
    EXPECT_TRUE(sockets()
                    .get_option(stale, SOL_SOCKET, SO_KEEPALIVE,
                                std::as_writable_bytes(std::span(&value, 1)))
                    .error()
                    .is(EBADF));
}

TEST_P(Close, ALoopMayEndWhileTheKernelStillHoldsRequestsOfClosedSockets) {
    auto other = this->world().open_loop({});
    NotedOp op;
    {
        const Handle listener =
            other->sockets().open(world().loopback().family(), SocketType::stream, 0).value();
        ASSERT_TRUE(other->sockets().bind(listener, world().loopback()));
        ASSERT_TRUE(other->sockets().listen(listener, 1));
        op.ask_accept(listener);
        other->backend().submit(op);
        other->turn(other->now());
        other->backend().close(listener);
    }
    other->turn(other->now());
    other.reset();
    EXPECT_EQ(op.times_done, 1);
}

}  // namespace
}  // namespace fivetuple::testing_help
