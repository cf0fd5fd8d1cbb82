#include "fivetuple/os/options.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "tests/testing/world.h"
#include <algorithm>
#include <vector>

namespace fivetuple::testing_help {
namespace {

class Poll : public OpTest {
protected:
    ~Poll() override {
        close(pair_);
        settle();
    }
    Pair pair_ = connect();
};
FT_IN_ALL_WORLDS(Poll);

TEST_P(Poll, TellsWhenThereIsSomethingToReadAndTakesNothing) {
    NotedOp op;
    op.ask_poll(pair_.server, kPollReadable);
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    EXPECT_EQ(send(pair_.client, bytes_of("here")), 4);
    turn_until([&] { return op.is_done(); });
    EXPECT_TRUE(op.result & kPollReadable);
    EXPECT_EQ(receive_text(pair_.server), "here");
}

TEST_P(Poll, TellsAtOnceWhatIsSoAlready) {
    NotedOp op;
    op.ask_poll(pair_.server, kPollWritable);
    EXPECT_TRUE(complete(op) & kPollWritable);
}

TEST_P(Poll, TellsWhenThereIsRoomAgain) {
    shrink_buffers(pair_);
    std::size_t filled = fill(pair_.client);
    NotedOp op;
    op.ask_poll(pair_.client, kPollWritable);
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    std::vector<std::byte> room(filled);
    while (filled > 0) filled -= static_cast<std::size_t>(receive(pair_.server, room));
    turn_until([&] { return op.is_done(); });
    EXPECT_TRUE(op.result & kPollWritable);
}

TEST_P(Poll, EveryOneOfManyAskedInOneTurnIsTold) {
    // The first one makes a backend watch the socket; nothing changes after that.
    NotedOp first;
    first.ask_poll(pair_.server, kPollReadable);
    backend().submit(first);
    settle();
    EXPECT_EQ(send(pair_.client, bytes_of("here")), 4);
    turn_until([&] { return first.is_done(); });

    std::vector<NotedOp> ops(100);
    for (NotedOp& op : ops) {
        op.ask_poll(pair_.server, kPollReadable);
        backend().submit(op);
    }
    turn_until([&] { return std::ranges::all_of(ops, &NotedOp::is_done); });
}

TEST_P(Poll, ThePeersEndIsSeenWithoutReading) {
    NotedOp op;
    op.ask_poll(pair_.server, kPeerClosed);
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    EXPECT_TRUE(sockets().shutdown(pair_.client, Shutdown::write));
    turn_until([&] { return op.is_done(); });
    EXPECT_TRUE(op.result & kPeerClosed);
}

TEST_P(Poll, ThePeersEndIsSeenBehindDataThatNobodyReads) {
    EXPECT_EQ(send(pair_.client, bytes_of("unread")), 6);
    settle();
    NotedOp op;
    op.ask_poll(pair_.server, kPeerClosed);
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    EXPECT_TRUE(sockets().shutdown(pair_.client, Shutdown::write));
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(receive_text(pair_.server), "unread");
}

TEST_P(Poll, AResetIsSeenWithoutReading) {
    NotedOp op;
    op.ask_poll(pair_.server, kPeerClosed);
    backend().submit(op);
    settle();
    const linger reset = Linger::reset().to_raw();
    EXPECT_TRUE(sockets().set_option(pair_.client, Linger::level, Linger::number,
                                     std::as_bytes(std::span(&reset, 1))));
    backend().close(pair_.client);
    turn_until([&] { return op.is_done(); });
    EXPECT_TRUE(op.result & kPeerClosed);
}

TEST_P(Poll, IsCancelledWhileItWaits) {
    NotedOp op;
    op.ask_poll(pair_.server, kPeerClosed);
    backend().submit(op);
    settle();
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
}

TEST_P(Poll, GoesOnBesideAReceiveOfTheSameSocket) {
    NotedOp hang_up;
    hang_up.ask_poll(pair_.server, kPeerClosed);
    backend().submit(hang_up);
    for (int round = 0; round < 5; ++round) {
        EXPECT_EQ(send(pair_.client, bytes_of("x")), 1);
        EXPECT_EQ(receive_text(pair_.server), "x");
    }
    EXPECT_FALSE(hang_up.is_done());
    EXPECT_TRUE(sockets().shutdown(pair_.client, Shutdown::write));
    turn_until([&] { return hang_up.is_done(); });
}

TEST_P(Poll, F36_AHangUpThatNobodyWaitsForDoesNotKeepTheLoopAwake) {
    NotedOp op;
    op.ask_poll(pair_.server, kPollReadable);
    backend().submit(op);
    settle();
    backend().cancel(op);
    backend().close(pair_.client);
    turn_until([&] { return op.is_done(); });
    settle();
    const std::uint64_t waits_before = backend().stats().waits;
    const Time until = after(loop().now(), std::chrono::milliseconds(100));
    while (loop().now() < until) loop().turn(until);
    EXPECT_LT(backend().stats().waits - waits_before, 20u);
}

TEST_P(Poll, WorksForPipesAndFilesToo) {
    FT_NEEDS_KERNEL("pipes and files");
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const Handle reads = sockets().adopt(Fd(ends[0])).value();
    NotedOp op;
    op.ask_poll(reads, kPollReadable);
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    EXPECT_EQ(::write(ends[1], "x", 1), 1);
    turn_until([&] { return op.is_done(); });
    EXPECT_TRUE(op.result & kPollReadable);
    ::close(ends[1]);
    backend().close(reads);

    const Handle file = sockets().adopt(Fd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC))).value();
    NotedOp of_file;
    of_file.ask_poll(file, kPollReadable);
    EXPECT_TRUE(complete(of_file) & kPollReadable) << "a file is always ready";
    backend().close(file);
}

}  // namespace
}  // namespace fivetuple::testing_help
