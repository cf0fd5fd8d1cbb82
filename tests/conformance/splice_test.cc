#include "fivetuple/os/options.h"
#include "fivetuple/os/pipe_pair.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/testing/world.h"
#include <array>
#include <csignal>
#include <string>
#include <vector>

// Bytes that move between sockets, pipes and files without coming here.
namespace fivetuple::testing_help {
namespace {

class Splice : public OpTest {
protected:
    Splice() : pipe_(*PipePair::open(std::size_t{64} * 1024)) {}
    ~Splice() override {
        close(pair_);
        settle();
    }
    int splice_in(Handle socket, std::size_t count) {
        NotedOp op;
        op.ask_splice_in(socket, pipe_.write_end.raw(), count);
        return complete(op);
    }
    int splice_out(Handle socket, std::size_t count) {
        NotedOp op;
        op.ask_splice_out(socket, pipe_.read_end.raw(), count);
        return complete(op);
    }
    int send_file(Handle socket, const Fd& file, std::uint64_t offset, std::size_t count) {
        NotedOp op;
        op.ask_send_file(socket, file.raw(), offset, count);
        return complete(op);
    }
    std::string taken_out() {
        std::array<char, 65536> room{};
        const ssize_t got = ::read(pipe_.read_end.raw(), room.data(), room.size());
        return {room.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
    }
    void put_in(std::string_view text) {
        EXPECT_EQ(::write(pipe_.write_end.raw(), text.data(), text.size()),
                  static_cast<ssize_t>(text.size()));
    }
    Fd file_of(std::string_view text) {
        Fd file(::open(folder_.path("file").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        EXPECT_TRUE(file);
        if (file) {
            EXPECT_EQ(::write(file.raw(), text.data(), text.size()),
                      static_cast<ssize_t>(text.size()));
        }
        return file;
    }
    void reset_by_peer() {
        const linger reset = Linger::reset().to_raw();
        EXPECT_TRUE(sockets().set_option(pair_.server, Linger::level, Linger::number,
                                         std::as_bytes(std::span(&reset, 1))));
        backend().close(pair_.server);
        settle();
    }

    TemporaryFolder folder_;
    PipePair pipe_;
    Pair pair_ = connect();
};
FT_IN_KERNEL_WORLDS(Splice);

// --- In ----------------------------------------------------------------------------------------

TEST_P(Splice, C7_MovesWhatHasComeIntoAPipe) {
    EXPECT_EQ(send(pair_.server, bytes_of("hello")), 5);
    EXPECT_EQ(splice_in(pair_.client, 1000), 5);
    EXPECT_EQ(taken_out(), "hello");
}

TEST_P(Splice, WaitsForWhatComesLater) {
    NotedOp op;
    op.ask_splice_in(pair_.client, pipe_.write_end.raw(), 1000);
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    EXPECT_EQ(send(pair_.server, bytes_of("later")), 5);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, 5);
    EXPECT_EQ(taken_out(), "later");
}

TEST_P(Splice, TakesNoMoreThanAsked) {
    EXPECT_EQ(send(pair_.server, bytes_of("one two")), 7);
    EXPECT_EQ(splice_in(pair_.client, 3), 3);
    EXPECT_EQ(taken_out(), "one");
    EXPECT_EQ(receive_text(pair_.client), " two");
}

TEST_P(Splice, OfNothingIsDoneAtOnce) {
    const Fd file = file_of("text");
    EXPECT_EQ(splice_in(pair_.client, 0), 0);
    EXPECT_EQ(splice_out(pair_.client, 0), 0);
    EXPECT_EQ(send_file(pair_.client, file, 0, 0), 0);
}

TEST_P(Splice, TheEndOfTheStreamIsZeroAgainAndAgain) {
    EXPECT_EQ(send(pair_.server, bytes_of("last")), 4);
    EXPECT_TRUE(sockets().shutdown(pair_.server, Shutdown::write));
    EXPECT_EQ(splice_in(pair_.client, 1000), 4);
    EXPECT_EQ(splice_in(pair_.client, 1000), 0);
    EXPECT_EQ(splice_in(pair_.client, 1000), 0);
}

TEST_P(Splice, IsCancelledWhileItWaitsAndTheNextOneGetsTheBytes) {
    NotedOp op;
    op.ask_splice_in(pair_.client, pipe_.write_end.raw(), 1000);
    backend().submit(op);
    settle();
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
    EXPECT_EQ(send(pair_.server, bytes_of("next")), 4);
    EXPECT_EQ(splice_in(pair_.client, 1000), 4);
    EXPECT_EQ(taken_out(), "next");
}

TEST_P(Splice, IsCancelledBeforeTheLoopHasTurnedOrIsDone) {
    EXPECT_EQ(send(pair_.server, bytes_of("bytes")), 5);
    NotedOp op;
    op.ask_splice_in(pair_.client, pipe_.write_end.raw(), 1000);
    backend().submit(op);
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_TRUE(op.result == 5 || op.result == -ECANCELED) << op.result;
    backend().cancel(op);
    settle();
    EXPECT_EQ(op.times_done, 1);
    EXPECT_EQ(taken_out(), op.result == 5 ? "bytes" : "");
}

TEST_P(Splice, ClosingTheSocketEndsWhoWaits) {
    NotedOp op;
    op.ask_splice_in(pair_.client, pipe_.write_end.raw(), 1000);
    backend().submit(op);
    settle();
    backend().close(pair_.client);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
}

TEST_P(Splice, AResetEndsWhoWaits) {
    NotedOp op;
    op.ask_splice_in(pair_.client, pipe_.write_end.raw(), 1000);
    backend().submit(op);
    settle();
    reset_by_peer();
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECONNRESET);
}

TEST_P(Splice, OfAHandleThatWasClosedSaysSo) {
    const Handle stale = open();
    backend().close(stale);
    EXPECT_EQ(splice_in(stale, 10), -EBADF);
    EXPECT_EQ(splice_out(stale, 10), -EBADF);
    EXPECT_EQ(send_file(stale, pipe_.read_end, 0, 10), -EBADF);
}

TEST_P(Splice, WithoutAPipeOnlyWaits) {
    NotedOp op;
    op.ask_splice_in(pair_.client, -1, 0);
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    EXPECT_EQ(send(pair_.server, bytes_of("untouched")), 9);
    turn_until([&] { return op.is_done(); });
    EXPECT_GE(op.result, 0);
    EXPECT_EQ(receive_text(pair_.client), "untouched");
    NotedOp end;
    end.ask_splice_in(pair_.client, -1, 0);
    EXPECT_TRUE(sockets().shutdown(pair_.server, Shutdown::write));
    EXPECT_GE(complete(end), 0) << "the end, too, is something";
}

// What a leased read has set going must not take the bytes of a splice.
TEST_P(Splice, BehindLeasedReadsTakesWhatTheyLeftOver) {
    EXPECT_EQ(send(pair_.server, bytes_of("first")), 5);
    NotedOp lease;
    lease.ask_receive_lease(pair_.client);
    EXPECT_EQ(complete(lease), 5);
    lease.take_lease();
    EXPECT_EQ(send(pair_.server, bytes_of("second")), 6);
    settle();
    EXPECT_EQ(splice_in(pair_.client, 3), 3);
    EXPECT_EQ(taken_out(), "sec");
    EXPECT_EQ(splice_in(pair_.client, 100), 3);
    EXPECT_EQ(taken_out(), "ond");
    NotedOp wait;
    wait.ask_splice_in(pair_.client, -1, 0);
    backend().submit(wait);
    settle();
    EXPECT_FALSE(wait.is_done());
    EXPECT_EQ(send(pair_.server, bytes_of("third")), 5);
    turn_until([&] { return wait.is_done(); });
    EXPECT_EQ(splice_in(pair_.client, 100), 5);
    EXPECT_EQ(taken_out(), "third");
    lease.ask_receive_lease(pair_.client);
    lease.times_done = 0;
    EXPECT_EQ(send(pair_.server, bytes_of("fourth")), 6);
    EXPECT_EQ(complete(lease), 6);
    lease.take_lease();
    EXPECT_TRUE(sockets().shutdown(pair_.server, Shutdown::write));
    EXPECT_EQ(splice_in(pair_.client, 100), 0);
}

TEST_P(Splice, WaitsBehindALeasedReadThatWasCancelled) {
    NotedOp lease;
    lease.ask_receive_lease(pair_.client);
    backend().submit(lease);
    settle();
    backend().cancel(lease);
    turn_until([&] { return lease.is_done(); });
    NotedOp op;
    op.ask_splice_in(pair_.client, pipe_.write_end.raw(), 1000);
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    EXPECT_EQ(send(pair_.server, bytes_of("now")), 3);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, 3);
    EXPECT_EQ(taken_out(), "now");
}

// --- Out ---------------------------------------------------------------------------------------

TEST_P(Splice, C7_SendsWhatAPipeHolds) {
    put_in("from a pipe");
    EXPECT_EQ(splice_out(pair_.client, 11), 11);
    EXPECT_EQ(receive_text(pair_.server), "from a pipe");
}

TEST_P(Splice, F46_WaitsForRoomWhereThePeerDoesNotRead) {
    shrink_buffers(pair_);
    const std::size_t filled = fill(pair_.client);
    put_in("more");
    NotedOp op;
    op.ask_splice_out(pair_.client, pipe_.read_end.raw(), 4);
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    std::vector<std::byte> room(std::size_t{256} * 1024);
    for (std::size_t left = filled; left > 0;) {
        const int got = receive(pair_.server, std::span(room).first(std::min(room.size(), left)));
        ASSERT_GT(got, 0);
        left -= static_cast<std::size_t>(got);
    }
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, 4);
    EXPECT_EQ(receive_text(pair_.server), "more");
}

TEST_P(Splice, IsCancelledWhileItWaitsForRoomAndThePipeKeepsTheBytes) {
    shrink_buffers(pair_);
    fill(pair_.client);
    put_in("kept");
    NotedOp op;
    op.ask_splice_out(pair_.client, pipe_.read_end.raw(), 4);
    backend().submit(op);
    settle();
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
    EXPECT_EQ(taken_out(), "kept");
}

TEST_P(Splice, F32_ToAPeerThatHasGoneKillsNobody) {
    // Whoever started the tests may have ignored the signal; here it would kill.
    const auto before = std::signal(SIGPIPE, SIG_DFL);
    reset_by_peer();
    put_in("12345678");
    const Fd file = file_of("text");
    EXPECT_EQ(splice_out(pair_.client, 8), -ECONNRESET);
    EXPECT_EQ(splice_out(pair_.client, 8), -EPIPE);
    EXPECT_EQ(send_file(pair_.client, file, 0, 4), -EPIPE);
    static_cast<void>(std::signal(SIGPIPE, before));
}

// --- Files -------------------------------------------------------------------------------------

TEST_P(Splice, C7_SendsAPlaceInAFileAndLeavesItsPositionAlone) {
    const Fd file = file_of("one two three");
    EXPECT_EQ(::lseek(file.raw(), 1, SEEK_SET), 1);
    EXPECT_EQ(send_file(pair_.client, file, 4, 3), 3);
    EXPECT_EQ(receive_text(pair_.server), "two");
    EXPECT_EQ(::lseek(file.raw(), 0, SEEK_CUR), 1);
}

TEST_P(Splice, F46_AFileThatEndsOrWasTruncatedIsNoError) {
    const Fd file = file_of("short");
    EXPECT_EQ(send_file(pair_.client, file, 3, 100), 2);
    EXPECT_EQ(receive_text(pair_.server), "rt");
    EXPECT_EQ(send_file(pair_.client, file, 5, 100), 0);
    EXPECT_EQ(send_file(pair_.client, file, 1000, 100), 0);
    EXPECT_EQ(::ftruncate(file.raw(), 1), 0);
    EXPECT_EQ(send_file(pair_.client, file, 1, 4), 0);
}

TEST_P(Splice, OfAFileWaitsForRoomAndSaysHowMuchWent) {
    shrink_buffers(pair_);
    const std::string text = some_text(std::size_t{4} << 20);
    const Fd file = file_of(text);
    const int first = send_file(pair_.client, file, 0, text.size());
    ASSERT_GT(first, 0);
    EXPECT_LT(static_cast<std::size_t>(first), text.size());
    fill(pair_.client);
    NotedOp op;
    op.ask_send_file(pair_.client, file.raw(), 0, text.size());
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done());
    backend().close(pair_.client);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
}

TEST_P(Splice, WhatIsNoFileIsAnError) {
    EXPECT_EQ(send_file(pair_.client, Fd(), 0, 10), -EBADF);
    NotedOp op;
    const Fd none;
    op.ask_splice_out(pair_.client, none.raw(), 10);
    EXPECT_EQ(complete(op), -EBADF);
}

// --- Sockets that were made elsewhere ------------------------------------------------------------

TEST_P(Splice, ASocketThatBlocksGoesOnBlockingForThoseThatShareIt) {
    std::array<int, 2> raw{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, raw.data()), 0);
    const auto ours = sockets().adopt(Fd(raw[0]));
    const Fd other(raw[1]);
    ASSERT_TRUE(ours);
    NotedOp op;
    op.ask_splice_in(*ours, pipe_.write_end.raw(), 1000);
    backend().submit(op);
    settle();
    EXPECT_FALSE(op.is_done()) << "and the loop has not stood still";
    EXPECT_EQ(::fcntl(raw[0], F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(::write(other.raw(), "now", 3), 3);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(taken_out(), "now");
    // Far more than there is room for: it must not wait there either.
    const Fd file = file_of(some_text(std::size_t{4} << 20));
    EXPECT_GT(send_file(*ours, file, 0, std::size_t{4} << 20), 0);
    EXPECT_EQ(::fcntl(raw[0], F_GETFL) & O_NONBLOCK, 0);
    backend().close(*ours);
}

}  // namespace
}  // namespace fivetuple::testing_help
