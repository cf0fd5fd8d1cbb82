#include "fivetuple/os/options.h"

#include "tests/testing/world.h"
#include <algorithm>
#include <vector>

namespace fivetuple::testing_help {
namespace {

class Accept : public OpTest {};
FT_IN_ALL_WORLDS(Accept);

TEST_P(Accept, GivesAConnectedSocketOfItsOwn) {
    const Handle listener = listen();
    const Pair pair = connect(listener);
    EXPECT_NE(pair.server, listener);
    EXPECT_EQ(address_of(pair.server), address_of(listener));
    EXPECT_EQ(sockets().peer_address(pair.server).value(), address_of(pair.client));
    EXPECT_EQ(send(pair.client, bytes_of("hello")), 5);
    EXPECT_EQ(receive_text(pair.server), "hello");
    close(pair);
    backend().close(listener);
}

TEST_P(Accept, WaitsForAConnectionToCome) {
    const Handle listener = listen();
    NotedOp op;
    op.ask_accept(listener);
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    const Handle client = open();
    const SocketAddress to = address_of(listener);
    NotedOp connecting;
    connecting.ask_connect(client, to);
    EXPECT_EQ(complete(connecting), 0);
    turn_until([&] { return op.is_done(); });
    EXPECT_GE(op.result, 0);
    backend().close(op.accepted());
    backend().close(client);
    backend().close(listener);
}

TEST_P(Accept, ServesSeveralWaitersInTheirOrder) {
    const Handle listener = listen();
    std::vector<NotedOp> ops(3);
    for (NotedOp& op : ops) {
        op.ask_accept(listener);
        backend().submit(op);
    }
    std::vector<Handle> clients;
    const SocketAddress to = address_of(listener);
    for (std::size_t at = 0; at < ops.size(); ++at) {
        clients.push_back(open());
        NotedOp connecting;
        connecting.ask_connect(clients.back(), to);
        EXPECT_EQ(complete(connecting), 0);
        turn_until([&] { return ops[at].is_done(); });
        EXPECT_EQ(sockets().peer_address(ops[at].accepted()).value(), address_of(clients[at]));
    }
    for (const NotedOp& op : ops) backend().close(op.accepted());
    for (const Handle client : clients) backend().close(client);
    backend().close(listener);
}

TEST_P(Accept, IsCancelledWhileItWaits) {
    const Handle listener = listen();
    NotedOp op;
    op.ask_accept(listener);
    backend().submit(op);
    settle();
    backend().cancel(op);
    EXPECT_FALSE(op.is_done()) << "cancel() only asks";
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
    // The listener is as good as before.
    close(connect(listener));
    backend().close(listener);
}

TEST_P(Accept, IsCancelledBeforeTheLoopHasTurned) {
    const Handle listener = listen();
    NotedOp op;
    op.ask_accept(listener);
    backend().submit(op);
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
    backend().close(listener);
}

TEST_P(Accept, ACancelThatComesTooLateChangesNothing) {
    const Handle listener = listen();
    NotedOp op;
    op.ask_accept(listener);
    const Handle client = open();
    const SocketAddress to = address_of(listener);
    NotedOp connecting;
    connecting.ask_connect(client, to);
    EXPECT_EQ(complete(connecting), 0);
    EXPECT_GE(complete(op), 0);
    backend().cancel(op);
    settle();
    EXPECT_EQ(op.times_done, 1);
    backend().close(op.accepted());
    backend().close(client);
    backend().close(listener);
}

TEST_P(Accept, ClosingTheListenerEndsThoseWhoWait) {
    const Handle listener = listen();
    std::vector<NotedOp> ops(3);
    for (NotedOp& op : ops) {
        op.ask_accept(listener);
        backend().submit(op);
    }
    settle();
    backend().close(listener);
    turn_until([&] { return std::ranges::all_of(ops, &NotedOp::is_done); });
    for (const NotedOp& op : ops) EXPECT_EQ(op.result, -ECANCELED);
}

TEST_P(Accept, AClosedListenersPortIsFreeAtOnce) {
    const Handle listener = listen();
    const SocketAddress at = address_of(listener);
    NotedOp op;
    op.ask_accept(listener);
    backend().submit(op);
    settle();
    backend().close(listener);
    const Handle next = open();
    const int on = 1;
    EXPECT_TRUE(sockets().set_option(next, ReuseAddress::level, ReuseAddress::number,
                                     std::as_bytes(std::span(&on, 1))));
    // The first listener had no SO_REUSEADDR, but has nothing left of its port either.
    auto bound = sockets().bind(next, at);
    EXPECT_TRUE(bound || bound.error().is(EADDRINUSE));
    turn_until([&] { return op.is_done(); });
    settle();
    if (!bound) {
        EXPECT_TRUE(sockets().bind(next, at));
    }
    EXPECT_TRUE(sockets().listen(next, 1));
    backend().close(next);
}

TEST_P(Accept, F06_APeerThatResetBeforeStillGivesASocketWhoseFirstReadTells) {
    const Handle listener = listen();
    const Handle client = open();
    const SocketAddress to = address_of(listener);
    NotedOp connecting;
    connecting.ask_connect(client, to);
    EXPECT_EQ(complete(connecting), 0);
    const linger reset = Linger::reset().to_raw();
    EXPECT_TRUE(sockets().set_option(client, Linger::level, Linger::number,
                                     std::as_bytes(std::span(&reset, 1))));
    backend().close(client);
    settle();
    const Handle server = accept(listener);
    EXPECT_TRUE(sockets().peer_address(server).error().is(ENOTCONN));
    std::array<std::byte, 8> room;
    EXPECT_EQ(receive(server, room), -ECONNRESET);
    EXPECT_EQ(receive(server, room), 0);
    backend().close(server);
    backend().close(listener);
}

TEST_P(Accept, TakesAThousandConnectionsThatCameAtOnce) {
    constexpr std::size_t kCount = 400;  // select has descriptors to 1023.
    const Handle listener = listen(1024);
    const SocketAddress to = address_of(listener);
    std::vector<Handle> clients;
    std::vector<NotedOp> connecting(kCount);
    for (NotedOp& op : connecting) {
        clients.push_back(open());
        op.ask_connect(clients.back(), to);
        backend().submit(op);
    }
    turn_until([&] { return std::ranges::all_of(connecting, &NotedOp::is_done); });
    std::vector<Handle> servers;
    while (servers.size() < kCount) servers.push_back(accept(listener));
    for (const NotedOp& op : connecting) EXPECT_EQ(op.result, 0);
    for (const Handle each : clients) backend().close(each);
    for (const Handle each : servers) backend().close(each);
    backend().close(listener);
    settle();
}

TEST_P(Accept, ConnectionsThatNobodyTookEndWithTheListener) {
    const Handle listener = listen(64);
    const SocketAddress to = address_of(listener);
    // The first accept makes io_uring take more than was asked for.
    const Pair first = connect(listener);
    std::vector<Handle> clients;
    for (int count = 0; count < 20; ++count) {
        clients.push_back(open());
        NotedOp connecting;
        connecting.ask_connect(clients.back(), to);
        EXPECT_EQ(complete(connecting), 0);
    }
    backend().close(listener);
    settle();
    for (const Handle client : clients) {
        std::array<std::byte, 8> room;
        const int result = receive(client, room);
        EXPECT_TRUE(result == -ECONNRESET || result == 0) << result;
        backend().close(client);
    }
    close(first);
}

TEST_P(Accept, OfAHandleThatWasClosedSaysSo) {
    const Handle listener = listen();
    backend().close(listener);
    NotedOp op;
    op.ask_accept(listener);
    EXPECT_EQ(complete(op), -EBADF);
}

}  // namespace
}  // namespace fivetuple::testing_help
