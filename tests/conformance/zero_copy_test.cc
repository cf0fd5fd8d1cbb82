#include "fivetuple/os/options.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/loan_pool.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/unix.h"

#include "tests/testing/world.h"
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

// Sending from where the bytes are: nobody touches them before the kernel is done.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kSize = std::size_t{128} * 1024;

// --- The seam ----------------------------------------------------------------------------------

// Whom blocks go back to, and what became of them.
struct NotedOwner : LoanOwner {
    std::vector<std::unique_ptr<LoanBlock>> back;
    int lost = 0;

    void came_back(LoanBlock& block) override { back.emplace_back(&block); }
    void was_lost(LoanBlock&) override { lost++; }

    Loan lend(std::size_t size = kSize) {
        auto block = LoanBlock::open(*this, size, 1);
        EXPECT_TRUE(block) << block.error().message();
        Loan loan(*block->release());
        const auto bytes = some_bytes(size);
        std::memcpy(loan.room().data(), bytes.data(), size);
        loan.filled(size);
        return loan;
    }
};

// In front of the loop, which may hold blocks of it to its end.
struct HasOwner {
    NotedOwner owner_;
};

class ZeroCopySend : protected HasOwner, public OpTest {
protected:
    ~ZeroCopySend() override {
        close(pair_);
        settle();
    }
    int send(Handle socket, const Loan& loan) {
        NotedOp op;
        op.ask_send_zero_copy(socket, loan.bytes(), *loan.block());
        return complete(op);
    }
    /// Sends as much as there is room for, which is little.
    int send_some(const Loan& loan) {
        shrink_buffers(pair_);
        NotedOp op;
        op.ask_send_zero_copy(pair_.client, loan.bytes(), *loan.block());
        backend().submit(op);
        settle();
        if (!op.is_done()) backend().cancel(op);
        turn_until([&] { return op.is_done(); });
        return op.result;
    }
    std::string drain(std::size_t count) {
        std::string text;
        while (text.size() < count) {
            std::string part = receive_text(pair_.server, std::size_t{256} * 1024);
            if (part.empty()) break;
            text += part;
        }
        return text;
    }
    static std::string expected(std::size_t size = kSize) {
        const auto bytes = some_bytes(size);
        return std::string(text_of(bytes));
    }

    Pair pair_ = connect();
};
FT_IN_KERNEL_WORLDS(ZeroCopySend);

TEST_P(ZeroCopySend, C7_AHeldBlockComesBackWhenTheKernelIsDoneAndNotBefore) {
    Loan loan = owner_.lend();
    const LoanBlock* block = loan.block();
    std::size_t sent = 0;
    NotedOp op;
    op.ask_send_zero_copy(pair_.client, loan.bytes(), *loan.block());
    backend().submit(op);
    std::string got;
    while (sent < kSize) {
        turn_until([&] { return op.is_done(); });
        ASSERT_GT(op.result, 0);
        sent += static_cast<std::size_t>(op.result);
        if (sent == kSize) break;
        got += receive_text(pair_.server, std::size_t{256} * 1024);
        op.times_done = 0;
        op.ask_send_zero_copy(pair_.client, loan.bytes().subspan(sent), *loan.block());
        backend().submit(op);
    }
    EXPECT_TRUE(owner_.back.empty()) << "the program still holds it";
    loan = Loan();
    got += drain(kSize - got.size());
    EXPECT_EQ(got, expected());
    turn_until([&] { return !owner_.back.empty(); });
    EXPECT_EQ(owner_.back.front().get(), block);
    EXPECT_EQ(owner_.lost, 0);
    EXPECT_EQ(owner_.back.size(), 1u);
}

TEST_P(ZeroCopySend, C7_CountsWhatWasSentAndWhatWasCopiedAnyway) {
    constexpr int kTimes = 200;
    for (int times = 0; times < kTimes; ++times) {
        Loan loan = owner_.lend(4096);
        EXPECT_EQ(send(pair_.client, loan), 4096);
        EXPECT_EQ(drain(4096).size(), 4096u);
    }
    turn_until([&] { return owner_.back.size() == kTimes; });
    const BackendStats stats = backend().stats();
    EXPECT_EQ(stats.zero_copies + stats.zero_copy_refused, std::uint64_t{kTimes});
    EXPECT_EQ(stats.zero_copy_bytes, stats.zero_copies * 4096);
    EXPECT_EQ(stats.zero_copies_done, stats.zero_copies);
    // Over loopback the kernel copies when it delivers, says so, and is asked less often.
    EXPECT_GE(stats.copied_anyway, 1u);
    EXPECT_EQ(stats.copied_anyway, stats.zero_copies);
    EXPECT_LT(stats.zero_copies, std::uint64_t{kTimes} / 10);
}

TEST_P(ZeroCopySend, OfNothingIsDoneAtOnce) {
    Loan loan = owner_.lend();
    NotedOp op;
    op.ask_send_zero_copy(pair_.client, {}, *loan.block());
    EXPECT_EQ(complete(op), 0);
}

TEST_P(ZeroCopySend, OfAHandleThatWasClosedSaysSo) {
    const Handle stale = open();
    backend().close(stale);
    const Loan loan = owner_.lend();
    EXPECT_EQ(send(stale, loan), -EBADF);
}

TEST_P(ZeroCopySend, IsCancelledBeforeTheLoopHasTurnedOrIsDone) {
    const Loan loan = owner_.lend(4096);
    NotedOp op;
    op.ask_send_zero_copy(pair_.client, loan.bytes(), *loan.block());
    backend().submit(op);
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_TRUE(op.result == 4096 || op.result == -ECANCELED) << op.result;
    backend().cancel(op);  // What is done stays done.
    settle();
    EXPECT_EQ(op.times_done, 1);
}

TEST_P(ZeroCopySend, C7_IsCancelledWhileItWaitsForRoomAndGivesTheBlockBack) {
    shrink_buffers(pair_);
    fill(pair_.client);
    Loan loan = owner_.lend();
    NotedOp op;
    op.ask_send_zero_copy(pair_.client, loan.bytes(), *loan.block());
    backend().submit(op);
    settle();
    ASSERT_FALSE(op.is_done());
    backend().cancel(op);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
    loan = Loan();
    turn_until([&] { return !owner_.back.empty(); });
}

TEST_P(ZeroCopySend, ClosingTheSocketEndsWhoWaitsForRoom) {
    shrink_buffers(pair_);
    fill(pair_.client);
    Loan loan = owner_.lend();
    NotedOp op;
    op.ask_send_zero_copy(pair_.client, loan.bytes(), *loan.block());
    backend().submit(op);
    settle();
    backend().close(pair_.client);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECANCELED);
    loan = Loan();
    turn_until([&] { return owner_.lost + static_cast<int>(owner_.back.size()) == 1; });
}

TEST_P(ZeroCopySend, C7_WhatWasSentBeforeACloseArrivesWholeWhateverTheProgramDoesThen) {
    // The peer's window is full of the first bytes, the others are still the kernel's at the close.
    Loan loan = owner_.lend();
    const int sent = send_some(loan);
    ASSERT_GT(sent, 0);
    loan = Loan();
    backend().close(pair_.client);
    settle();
    for (auto& block : owner_.back) std::ranges::fill(block->bytes(), std::byte{0xee});
    // New memory stands where the old may have been.
    NotedOwner other;
    for (int times = 0; times < 8; ++times) {
        const Loan scribble = other.lend();
        std::ranges::fill(scribble.room(), std::byte{0xee});
    }
    EXPECT_EQ(drain(static_cast<std::size_t>(sent)),
              expected().substr(0, static_cast<std::size_t>(sent)));
    turn_until([&] { return owner_.lost + static_cast<int>(owner_.back.size()) == 1; });
}

TEST_P(ZeroCopySend, F33_AResetReleasesWhoWaitsForRoomAndTheBlock) {
    shrink_buffers(pair_);
    fill(pair_.client);
    Loan loan = owner_.lend();
    NotedOp op;
    op.ask_send_zero_copy(pair_.client, loan.bytes(), *loan.block());
    backend().submit(op);
    settle();
    backend().close(pair_.server);
    turn_until([&] { return op.is_done(); });
    EXPECT_EQ(op.result, -ECONNRESET);
    loan = Loan();
    turn_until([&] { return !owner_.back.empty(); });
}

TEST_P(ZeroCopySend, F32_AfterAResetIsABrokenPipeAndKillsNobody) {
    const linger reset = Linger::reset().to_raw();
    EXPECT_TRUE(sockets().set_option(pair_.server, Linger::level, Linger::number,
                                     std::as_bytes(std::span(&reset, 1))));
    backend().close(pair_.server);
    settle();
    const Loan loan = owner_.lend();
    EXPECT_EQ(send(pair_.client, loan), -ECONNRESET);
    EXPECT_EQ(send(pair_.client, loan), -EPIPE);
}

TEST_P(ZeroCopySend, NotesOfTheKernelAreNoHangUp) {
    NotedOp hang_up;
    hang_up.ask_poll(pair_.client, kPeerClosed);
    backend().submit(hang_up);
    for (int times = 0; times < 300; ++times) {
        const Loan loan = owner_.lend(4096);
        EXPECT_EQ(send(pair_.client, loan), 4096);
        EXPECT_EQ(drain(4096).size(), 4096u);
    }
    settle();
    EXPECT_FALSE(hang_up.is_done());
    // Nor one that is asked for just after a note has come.
    NotedOp another;
    const Loan loan = owner_.lend(4096);
    EXPECT_EQ(send(pair_.client, loan), 4096);
    EXPECT_EQ(drain(4096).size(), 4096u);
    another.ask_poll(pair_.client, kPeerClosed);
    backend().submit(another);
    settle();
    EXPECT_FALSE(another.is_done());
    backend().close(pair_.server);
    turn_until([&] { return hang_up.is_done() && another.is_done(); });
    EXPECT_GT(hang_up.result, 0);
}

TEST_P(ZeroCopySend, ALoopEndsWhileTheKernelHoldsBlocks) {
    // Nobody reads at the other end, so not all of it is done with.
    const Loan loan = owner_.lend();
    EXPECT_GT(send_some(loan), 0);
}

// --- Streams -----------------------------------------------------------------------------------

class WriteLoan : public TaskTest {};
FT_IN_KERNEL_WORLDS(WriteLoan);

Task<Result<void>> send_many(TcpStream& to, LoanPool& pool, int times) {
    for (int at = 0; at < times; ++at) {
        FT_CO_TRY(Loan loan, co_await within(20s, pool.take()));
        const auto bytes = some_bytes(kSize, static_cast<std::uint64_t>(at) + 1);
        std::memcpy(loan.room().data(), bytes.data(), kSize);
        loan.filled(kSize);
        auto sent = co_await within(20s, to.write_loan(std::move(loan)));
        if (!sent) co_return std::unexpected(std::move(sent).error());
        EXPECT_EQ(*sent, kSize);
    }
    co_return to.shutdown_write();
}

Task<Result<void>> expect_many(TcpStream& from, int times) {
    std::vector<std::byte> room(kSize);
    for (int at = 0; at < times; ++at) {
        auto got = co_await within(20s, from.read_exact(room));
        if (!got) co_return std::unexpected(std::move(got).error());
        EXPECT_EQ(room, some_bytes(kSize, static_cast<std::uint64_t>(at) + 1)) << at;
    }
    co_return {};
}

Task<Result<void>> send_by_loans(SocketAddress at, LoanPool& pool) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(auto listener, TcpListener::bind(loop, at));
    FT_CO_TRY(const auto address, listener.local_address());
    FT_CO_TRY(auto client, co_await TcpStream::connect(address));
    FT_CO_TRY(auto server, co_await listener.accept());
    constexpr int kTimes = 200;
    auto both = co_await all_of(send_many(client, pool, kTimes), expect_many(server, kTimes));
    if (!both) co_return std::unexpected(std::move(both).error());
    co_return {};
}

TEST_P(WriteLoan, C7_MovesManyLoansOfASmallPoolUnharmed) {
    LoanPool pool({.size = kSize, .count_max = 3});
    const auto done = run(loop(), send_by_loans(loopback(), pool));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_LE(pool.idle(), 3u);
}

Task<Result<void>> send_over_unix(LoanPool& pool) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(auto pair, UnixStream::pair(loop));
    for (int times = 0; times < 10; ++times) {
        FT_CO_TRY(Loan loan, co_await pool.take());
        std::ranges::fill(loan.room(), std::byte{7});
        loan.filled(pool.idle() == 0 ? kSize / 4 : 100);
        const std::size_t size = loan.bytes().size();
        auto sent = co_await pair.first.write_loan(std::move(loan));
        if (!sent) co_return std::unexpected(std::move(sent).error());
        EXPECT_EQ(*sent, size);
        std::vector<std::byte> room(size);
        auto got = co_await pair.second.read_exact(room);
        EXPECT_TRUE(got && room.back() == std::byte{7});
    }
    EXPECT_EQ(loop.backend().stats().zero_copies, 0u) << "Unix sockets have no such thing";
    EXPECT_GT(loop.backend().stats().zero_copy_refused, 0u);
    co_return {};
}

TEST_P(WriteLoan, C7_FallsBackToCopyingWhereTheSocketCannot) {
    LoanPool pool({.size = kSize, .count_max = 1, .zero_copy_from = 1});
    const auto done = run(loop(), send_over_unix(pool));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(pool.free(), 1u);
}

Task<Result<void>> give_up(SocketAddress at, LoanPool& pool) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(auto listener, TcpListener::bind(loop, at));
    FT_CO_TRY(const auto address, listener.local_address());
    FT_CO_TRY(auto client, co_await TcpStream::connect(address));
    FT_CO_TRY(auto server, co_await listener.accept());
    // Nobody reads: in the end neither room nor a loan is to be had.
    Result<void> failed;
    for (int times = 0; times < 1000 && failed; ++times) {
        auto loan = co_await within(50ms, pool.take());
        if (!loan) {
            EXPECT_TRUE(loan.error().is_deadline());
            failed = std::unexpected(std::move(loan).error());
            break;
        }
        loan->filled(loan->room().size());
        auto sent = co_await within(50ms, client.write_loan(*std::move(loan)));
        if (sent) continue;
        EXPECT_TRUE(sent.error().is_deadline());
        failed = std::unexpected(std::move(sent).error());
    }
    EXPECT_FALSE(failed);
    client.close();
    // Closing gives back all that was under way, sooner or later, as memory that is free to use.
    FT_CO_TRY(Loan first, co_await within(20s, pool.take()));
    FT_CO_TRY(Loan second, co_await within(20s, pool.take()));
    EXPECT_EQ(pool.free(), 0u);
    auto third = co_await within(1ms, pool.take());
    EXPECT_TRUE(!third && third.error().is_deadline());
    co_return {};
}

TEST_P(WriteLoan, C7_F38_APeerThatNeverReadsHoldsNoMoreThanThePoolAndAClosedStreamNothing) {
    LoanPool pool({.size = std::size_t{1} << 20, .count_max = 2});
    const auto done = run(loop(), give_up(loopback(), pool));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(pool.free(), 2u);
}

Task<Result<void>> end_the_pool_first(SocketAddress at) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(auto listener, TcpListener::bind(loop, at));
    FT_CO_TRY(const auto address, listener.local_address());
    FT_CO_TRY(auto client, co_await TcpStream::connect(address));
    FT_CO_TRY(auto server, co_await listener.accept());
    {
        LoanPool pool({.size = kSize});
        FT_CO_TRY(Loan loan, co_await pool.take());
        const auto bytes = some_bytes(kSize);
        std::memcpy(loan.room().data(), bytes.data(), kSize);
        loan.filled(kSize);
        auto both = co_await all_of(client.write_loan(std::move(loan)), expect_many(server, 1));
        EXPECT_TRUE(both);
    }
    co_return {};
}

TEST_P(WriteLoan, APoolMayEndWhileItsLoansAreUnderWay) {
    const auto done = run(loop(), end_the_pool_first(loopback()));
    EXPECT_TRUE(done) << done.error().message();
}

Task<Result<void>> wait_in_turn(LoanPool& pool, std::vector<int>& order) {
    FT_CO_TRY(Loan only, co_await pool.take());
    auto waits = [](LoanPool& from, std::vector<int>& seen, int who) -> Task<Result<void>> {
        FT_CO_TRY(const Loan loan, co_await from.take());
        EXPECT_TRUE(loan);
        seen.push_back(who);
        co_return {};
    };
    auto releases = [](Loan& held) -> Task<Result<void>> {
        held = Loan();
        co_return {};
    };
    auto all = co_await all_of(waits(pool, order, 1), waits(pool, order, 2), releases(only),
                               waits(pool, order, 3));
    EXPECT_TRUE(all);
    co_return {};
}

TEST_P(WriteLoan, WhoWaitsForALoanGetsItInTurn) {
    LoanPool pool({.size = 4096, .count_max = 1});
    std::vector<int> order;
    const auto done = run(loop(), wait_in_turn(pool, order));
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(pool.free(), 1u);
    EXPECT_EQ(pool.idle(), 1u);
}

}  // namespace
}  // namespace fivetuple::testing_help
