#include "tests/testing/world.h"
#include <vector>

namespace fivetuple::testing_help {
namespace {

class Connect : public OpTest {
protected:
    /// An address whose accept queue is full: who connects there waits for a long time.
    SocketAddress silent_address() {
        listener_ = listen(0);
        const SocketAddress to = address_of(listener_);
        for (int count = 0; count < 4; ++count) {
            fillers_.push_back(open());
            ops_.push_back(std::make_unique<NotedOp>());
            addresses_.push_back(std::make_unique<SocketAddress>(to));
            ops_.back()->ask_connect(fillers_.back(), *addresses_.back());
            backend().submit(*ops_.back());
        }
        settle();
        return to;
    }
    void end_silence() {
        for (const Handle filler : fillers_) backend().close(filler);
        backend().close(listener_);
        turn_until([&] {
            return std::ranges::all_of(ops_, [](const auto& op) { return op->is_done(); });
        });
    }

private:
    Handle listener_;
    std::vector<Handle> fillers_;
    std::vector<std::unique_ptr<NotedOp>> ops_;
    std::vector<std::unique_ptr<SocketAddress>> addresses_;
};
FT_IN_ALL_WORLDS(Connect);

TEST_P(Connect, F20_WhereNobodyListensIsRefused) {
    const Handle listener = listen();
    const SocketAddress to = address_of(listener);
    backend().close(listener);
    const Handle client = open();
    NotedOp op;
    op.ask_connect(client, to);
    EXPECT_EQ(complete(op), -ECONNREFUSED);
    backend().close(client);
}

TEST_P(Connect, F24_ARefusalThatComesAsAHangUpIsStillARefusal) {
    // Many at once: some are refused inside the call, some while they wait.
    const Handle listener = listen();
    const SocketAddress to = address_of(listener);
    backend().close(listener);
    std::vector<NotedOp> ops(32);
    std::vector<Handle> clients;
    for (NotedOp& op : ops) {
        clients.push_back(open());
        op.ask_connect(clients.back(), to);
        backend().submit(op);
    }
    turn_until([&] { return std::ranges::all_of(ops, &NotedOp::is_done); });
    for (const NotedOp& op : ops) EXPECT_EQ(op.result, -ECONNREFUSED);
    for (const Handle client : clients) backend().close(client);
}

TEST_P(Connect, F26_IsCancelledWhileItIsUnderWay) {
    const SocketAddress to = silent_address();
    const Handle client = open();
    NotedOp op;
    op.ask_connect(client, to);
    backend().submit(op);
    settle();
    ASSERT_FALSE(op.is_done());
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
    EXPECT_EQ(op.times_done, 1);
    backend().close(client);
    end_silence();
}

TEST_P(Connect, F26_IsCancelledBeforeTheLoopHasTurned) {
    const SocketAddress to = silent_address();
    const Handle client = open();
    NotedOp op;
    op.ask_connect(client, to);
    backend().submit(op);
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
    backend().close(client);
    end_silence();
}

TEST_P(Connect, ClosingTheSocketEndsIt) {
    const SocketAddress to = silent_address();
    const Handle client = open();
    NotedOp op;
    op.ask_connect(client, to);
    backend().submit(op);
    settle();
    backend().close(client);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
    end_silence();
}

TEST_P(Connect, OfAConnectedSocketSaysSo) {
    const Handle listener = listen();
    const Pair pair = connect(listener);
    const SocketAddress to = address_of(listener);
    NotedOp op;
    op.ask_connect(pair.client, to);
    EXPECT_EQ(complete(op), -EISCONN);
    close(pair);
    backend().close(listener);
}

TEST_P(Connect, ToAnAddressOfAnotherFamilySaysSo) {
    const Handle client = open();
    const SocketAddress to(IpAddress::loopback_v6(), 9);
    NotedOp op;
    op.ask_connect(client, to);
    EXPECT_EQ(complete(op), -EAFNOSUPPORT);
    backend().close(client);
}

TEST_P(Connect, OfAHandleThatWasClosedSaysSo) {
    const Handle client = open();
    backend().close(client);
    const SocketAddress to(IpAddress::loopback_v4(), 9);
    NotedOp op;
    op.ask_connect(client, to);
    EXPECT_EQ(complete(op), -EBADF);
}

}  // namespace
}  // namespace fivetuple::testing_help
