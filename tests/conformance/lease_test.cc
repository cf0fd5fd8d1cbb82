#include "fivetuple/os/options.h"

#include "tests/testing/world.h"
#include <array>
#include <deque>

namespace fivetuple::testing_help {
namespace {

LoopOptions few_buffers() {
    LoopOptions options;
    options.uring_buffers = 4;
    options.lease_size = 1024;
    return options;
}

class LeaseTest : public OpTest {
protected:
    explicit LeaseTest(const LoopOptions& options = {}) : OpTest(options) {}
    ~LeaseTest() override {
        close(pair_);
        settle();
    }
    Lease receive_lease(Handle socket) {
        NotedOp op;
        op.ask_receive_lease(socket);
        const int result = complete(op);
        EXPECT_GE(result, 0);
        return result > 0 ? op.take_lease() : Lease();
    }
    Pair pair_ = connect();
};

class Leases : public LeaseTest {};
FT_IN_ALL_WORLDS(Leases);

/// With hardly any buffers of its own, io_uring must get by.
class LeasesScarce : public LeaseTest {
protected:
    LeasesScarce() : LeaseTest(few_buffers()) {}
};
FT_IN_ALL_WORLDS(LeasesScarce);

TEST_P(Leases, HoldWhatCame) {
    EXPECT_EQ(send(pair_.client, bytes_of("hello")), 5);
    const Lease got = receive_lease(pair_.server);
    EXPECT_EQ(text_of(got.bytes()), "hello");
    EXPECT_EQ(send(pair_.client, bytes_of("again")), 5);
    const Lease more = receive_lease(pair_.server);
    EXPECT_EQ(text_of(got.bytes()), "hello") << "a lease must not be written to by a later receive";
    EXPECT_EQ(text_of(more.bytes()), "again");
}

TEST_P(Leases, AreEmptyAtTheEndOfTheStream) {
    EXPECT_TRUE(sockets().shutdown(pair_.client, Shutdown::write));
    EXPECT_TRUE(receive_lease(pair_.server).empty());
    EXPECT_TRUE(receive_lease(pair_.server).empty());
}

TEST_P(Leases, KeepTheirOrderWhenNobodyWaitedForThem) {
    // The first one arms what io_uring receives ahead with.
    EXPECT_EQ(send(pair_.client, bytes_of("0")), 1);
    std::string got(text_of(receive_lease(pair_.server).bytes()));
    for (char next = '1'; next <= '9'; ++next) {
        EXPECT_EQ(send(pair_.client, bytes_of(std::string_view(&next, 1))), 1);
        settle(2);
    }
    EXPECT_TRUE(sockets().shutdown(pair_.client, Shutdown::write));
    settle();
    while (true) {
        const Lease lease = receive_lease(pair_.server);
        if (lease.empty()) break;
        got += text_of(lease.bytes());
    }
    EXPECT_EQ(got, "0123456789");
}

TEST_P(Leases, MixWithReceivesIntoTheCallersBytes) {
    EXPECT_EQ(send(pair_.client, bytes_of("first")), 5);
    EXPECT_EQ(text_of(receive_lease(pair_.server).bytes()), "first");
    EXPECT_EQ(send(pair_.client, bytes_of("second, in parts")), 16);
    settle();
    EXPECT_EQ(receive_text(pair_.server, 8), "second, ");
    EXPECT_EQ(text_of(receive_lease(pair_.server).bytes()), "in parts");
    EXPECT_EQ(send(pair_.client, bytes_of("third")), 5);
    EXPECT_EQ(receive_text(pair_.server), "third");
    EXPECT_TRUE(sockets().shutdown(pair_.client, Shutdown::write));
    std::array<std::byte, 8> room;
    EXPECT_EQ(receive(pair_.server, room), 0);
    EXPECT_TRUE(receive_lease(pair_.server).empty());
}

TEST_P(Leases, F38_ReadAheadIsBounded) {
    EXPECT_EQ(send(pair_.client, bytes_of("arm")), 3);
    EXPECT_EQ(text_of(receive_lease(pair_.server).bytes()), "arm");
    // Nobody reads now: what the peer can send must end at what kernel and backend hold together.
    const std::size_t filled = fill(pair_.client);
    EXPECT_LT(filled, std::size_t{64} << 20);
    std::size_t got = 0;
    while (got < filled) {
        const Lease lease = receive_lease(pair_.server);
        ASSERT_FALSE(lease.empty());
        got += lease.size();
    }
    EXPECT_EQ(got, filled);
}

TEST_P(Leases, AreToldOfAResetOnceThenOfTheEnd) {
    EXPECT_EQ(send(pair_.client, bytes_of("arm")), 3);
    EXPECT_EQ(text_of(receive_lease(pair_.server).bytes()), "arm");
    const linger reset = Linger::reset().to_raw();
    EXPECT_TRUE(sockets().set_option(pair_.client, Linger::level, Linger::number,
                                     std::as_bytes(std::span(&reset, 1))));
    backend().close(pair_.client);
    settle();
    NotedOp op;
    op.ask_receive_lease(pair_.server);
    EXPECT_EQ(complete(op), -ECONNRESET);
    EXPECT_TRUE(receive_lease(pair_.server).empty());
}

TEST_P(Leases, AreCancelledWhileTheyWait) {
    NotedOp op;
    op.ask_receive_lease(pair_.server);
    backend().submit(op);
    settle();
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
    EXPECT_EQ(send(pair_.client, bytes_of("kept")), 4);
    EXPECT_EQ(text_of(receive_lease(pair_.server).bytes()), "kept");
}

TEST_P(Leases, F53_ACancelThatRacesWithDataLosesNothing) {
    for (int round = 0; round < 50; ++round) {
        NotedOp op;
        op.ask_receive_lease(pair_.server);
        backend().submit(op);
        if (round % 2 == 0) settle(2);
        EXPECT_EQ(send(pair_.client, bytes_of("x")), 1);
        backend().cancel(op);
        turn_until([&] { return op.is_done(); });
        if (op.result > 0) {
            EXPECT_EQ(text_of(op.take_lease().bytes()), "x");
        } else {
            EXPECT_EQ(op.result, -ECANCELED);
            EXPECT_EQ(text_of(receive_lease(pair_.server).bytes()), "x");
        }
    }
}

TEST_P(Leases, ClosingEndsWhoWaitsAndDropsWhatCameAhead) {
    EXPECT_EQ(send(pair_.client, bytes_of("arm")), 3);
    EXPECT_EQ(text_of(receive_lease(pair_.server).bytes()), "arm");
    EXPECT_EQ(send(pair_.client, bytes_of("unread")), 6);
    settle();
    backend().close(pair_.server);
    const Pair other = connect();
    NotedOp op;
    op.ask_receive_lease(other.server);
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done()) << "a socket got what belonged to the one before it";
    backend().close(other.server);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
    backend().close(other.client);
}

TEST_P(LeasesScarce, F54_MoreLeasesCanBeHeldThanThereAreBuffers) {
    std::deque<Pair> pairs;
    std::deque<Lease> held;
    const Handle listener = listen(64);
    for (int count = 0; count < 40; ++count) {
        pairs.push_back(connect(listener));
        const std::string text = "message " + std::to_string(count);
        EXPECT_EQ(send(pairs.back().client, bytes_of(text)), static_cast<int>(text.size()));
        held.push_back(receive_lease(pairs.back().server));
        EXPECT_EQ(text_of(held.back().bytes()), text);
    }
    for (int count = 0; count < 40; ++count) {
        EXPECT_EQ(text_of(held[static_cast<std::size_t>(count)].bytes()),
                  "message " + std::to_string(count));
    }
    held.clear();
    for (const Pair& pair : pairs) {
        EXPECT_EQ(send(pair.client, bytes_of("again")), 5);
        EXPECT_EQ(text_of(receive_lease(pair.server).bytes()), "again");
        close(pair);
    }
    backend().close(listener);
}

TEST_P(LeasesScarce, F54_ThoseThatWaitAllGetTheirsWhenMoreComesThanThereAreBuffers) {
    std::deque<Pair> pairs;
    std::deque<NotedOp> ops;
    const Handle listener = listen(64);
    for (int count = 0; count < 40; ++count) {
        pairs.push_back(connect(listener));
        ops.emplace_back();
        ops.back().ask_receive_lease(pairs.back().server);
        backend().submit(ops.back());
    }
    settle();
    for (const Pair& pair : pairs) EXPECT_EQ(send(pair.client, bytes_of("x")), 1);
    turn_until([&] { return std::ranges::all_of(ops, &NotedOp::is_done); });
    for (NotedOp& op : ops) {
        ASSERT_EQ(op.result, 1);
        EXPECT_EQ(text_of(op.take_lease().bytes()), "x");
    }
    for (const Pair& pair : pairs) close(pair);
    backend().close(listener);
}

TEST_P(LeasesScarce, OneThatWaitsWithoutABufferIsCancelledAndClosedLikeAnyOther) {
    std::deque<Pair> pairs;
    std::deque<Lease> held;
    const Handle listener = listen(64);
    for (int count = 0; count < 8; ++count) {
        pairs.push_back(connect(listener));
        EXPECT_EQ(send(pairs.back().client, bytes_of("x")), 1);
        held.push_back(receive_lease(pairs.back().server));
    }
    NotedOp first;
    first.ask_receive_lease(pairs[0].server);
    backend().submit(first);
    NotedOp second;
    second.ask_receive_lease(pairs[1].server);
    backend().submit(second);
    settle();
    backend().cancel(first);
    backend().close(pairs[1].server);
    turn_until([&] { return first.is_done() && second.is_done(); });
    EXPECT_EQ(first.result, -ECANCELED);
    EXPECT_EQ(second.result, -ECANCELED);
    EXPECT_EQ(send(pairs[0].client, bytes_of("y")), 1);
    EXPECT_EQ(text_of(receive_lease(pairs[0].server).bytes()), "y");
    held.clear();
    for (const Pair& pair : pairs) close(pair);
    backend().close(listener);
}

}  // namespace
}  // namespace fivetuple::testing_help
