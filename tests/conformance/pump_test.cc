#include "fivetuple/transport/pump.h"

#include "fivetuple/os/options.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/send_file.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/unix.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "tests/testing/world.h"
#include <array>
#include <memory>
#include <string>
#include <vector>

// One stream's bytes moved into another, inside the kernel where that is possible.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

/// Two connections, and the pump between `left` and `right`.
template <class S>
struct Middle {
    S client;
    S left;
    S right;
    S server;
};

Task<Result<Middle<TcpStream>>> tcp_middle(SocketAddress at) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(auto listener, TcpListener::bind(loop, at));
    FT_CO_TRY(const auto address, listener.local_address());
    Middle<TcpStream> made;
    FT_CO_TRY(made.client, co_await TcpStream::connect(address));
    FT_CO_TRY(made.left, co_await listener.accept());
    FT_CO_TRY(made.right, co_await TcpStream::connect(address));
    FT_CO_TRY(made.server, co_await listener.accept());
    co_return made;
}

Task<Result<Middle<UnixStream>>> unix_middle(SocketAddress) {
    Loop& loop = co_await this_loop();
    FT_CO_TRY(auto first, UnixStream::pair(loop));
    FT_CO_TRY(auto second, UnixStream::pair(loop));
    co_return Middle<UnixStream>{std::move(first.first), std::move(first.second),
                                 std::move(second.first), std::move(second.second)};
}

template <class S>
Task<Result<void>> write_and_end(S& to, Bytes from) {
    auto sent = co_await within(20s, to.write_all(from));
    if (!sent) co_return std::unexpected(std::move(sent).error());
    co_return to.shutdown_write();
}

template <class S>
Task<Result<void>> expect_all(S& from, Bytes expected) {
    std::vector<std::byte> room(expected.size());
    auto got = co_await within(20s, from.read_exact(room));
    if (!got) co_return std::unexpected(std::move(got).error());
    EXPECT_TRUE(std::ranges::equal(room, expected));
    FT_CO_TRY(const std::size_t more, co_await within(20s, from.read_some(room)));
    EXPECT_EQ(more, 0u);
    co_return {};
}

template <class S>
Task<Result<PumpCounts>> talk_through(Middle<S>& ends, PumpOptions options) {
    const auto question = some_bytes(3'000'001);
    const auto answer = some_bytes(1'500'000, 2);
    PumpCounts counts;
    auto all =
        co_await all_of(write_and_end(ends.client, question), expect_all(ends.server, question),
                        write_and_end(ends.server, answer), expect_all(ends.client, answer),
                        pump_both(ends.left, ends.right, options, &counts));
    if (!all) co_return std::unexpected(std::move(all).error());
    EXPECT_EQ(counts.there.bytes, question.size());
    EXPECT_EQ(counts.back.bytes, answer.size());
    EXPECT_TRUE(counts.there.ended && counts.back.ended);
    co_return counts;
}

class PumpTest : public TaskTest {
protected:
    template <class Function, class... Args>
    void expect_done(Function function, Args... args) {
        const auto done = run(loop(), function(std::move(args)...));
        EXPECT_TRUE(done) << done.error().message();
    }
};
FT_IN_KERNEL_WORLDS(PumpTest);

TEST_P(PumpTest, C7_MovesBothWaysInsideTheKernelBetweenTcpStreams) {
    auto test = [](SocketAddress at) -> Task<Result<void>> {
        FT_CO_TRY(auto ends, co_await tcp_middle(at));
        FT_CO_TRY(const auto counts, co_await talk_through(ends, {}));
        EXPECT_EQ(counts.there.way(), PumpWay::spliced);
        EXPECT_EQ(counts.there.copied, 0u);
        EXPECT_EQ(counts.back.why_copied, "");
        co_return {};
    };
    expect_done(test, loopback());
}

TEST_P(PumpTest, C7_MovesBothWaysBetweenUnixStreamsByPipesOfAPool) {
    auto test = [](SocketAddress at) -> Task<Result<void>> {
        FT_CO_TRY(auto ends, co_await unix_middle(at));
        PipePool pipes;
        PumpOptions options;
        options.pipes = &pipes;
        FT_CO_TRY(const auto counts, co_await talk_through(ends, options));
        EXPECT_EQ(counts.back.way(), PumpWay::spliced);
        EXPECT_GE(pipes.free(), 1u) << "those that are empty come back";
        co_return {};
    };
    expect_done(test, loopback());
}

TEST_P(PumpTest, CopiesWhereItIsToldTo) {
    auto test = [](SocketAddress at) -> Task<Result<void>> {
        FT_CO_TRY(auto ends, co_await tcp_middle(at));
        PumpOptions options;
        options.may_splice = false;
        FT_CO_TRY(const auto counts, co_await talk_through(ends, options));
        EXPECT_EQ(counts.there.way(), PumpWay::copied);
        EXPECT_EQ(counts.there.copied, counts.there.bytes);
        co_return {};
    };
    expect_done(test, loopback());
}

// What was read ahead of the pump by a leased read is moved as well, before what comes next.
TEST_P(PumpTest, MovesWhatStandsBehindALeasedRead) {
    auto test = [](SocketAddress at) -> Task<Result<void>> {
        FT_CO_TRY(auto ends, co_await tcp_middle(at));
        auto sent = co_await ends.client.write_all(bytes_of("header"));
        EXPECT_TRUE(sent);
        FT_CO_TRY(Lease header, co_await ends.left.read());
        EXPECT_EQ(text_of(std::as_const(header).bytes()), "header");
        header = Lease();
        sent = co_await ends.client.write_all(bytes_of("ahead "));
        EXPECT_TRUE(sent);
        FT_CO_TRY_VOID(co_await sleep(20ms));
        auto all = co_await all_of(write_and_end(ends.client, bytes_of("and behind")),
                                   pump(ends.left, ends.right),
                                   expect_all(ends.server, bytes_of("ahead and behind")));
        if (!all) co_return std::unexpected(std::move(all).error());
        co_return {};
    };
    expect_done(test, loopback());
}

TEST_P(PumpTest, StopsAtALimitAndLeavesTheRestInTheStream) {
    auto test = [](SocketAddress at) -> Task<Result<void>> {
        FT_CO_TRY(auto ends, co_await tcp_middle(at));
        auto sent = co_await ends.client.write_all(bytes_of("one two"));
        EXPECT_TRUE(sent);
        PumpOptions options;
        options.bytes_max = 3;
        FT_CO_TRY(const PumpCount count, co_await pump(ends.left, ends.right, options));
        EXPECT_EQ(count.bytes, 3u);
        EXPECT_FALSE(count.ended);
        std::array<std::byte, 100> room;
        FT_CO_TRY(std::size_t got, co_await ends.server.read_some(room));
        EXPECT_EQ(text_of(Bytes(room).first(got)), "one");
        FT_CO_TRY(got, co_await ends.left.read_some(room));
        EXPECT_EQ(text_of(Bytes(room).first(got)), " two");
        co_return {};
    };
    expect_done(test, loopback());
}

TEST_P(PumpTest, F38_F46_AReceiverThatTakesNothingStopsTheSenderAndALimitEndsIt) {
    auto test = [](SocketAddress at) -> Task<Result<void>> {
        FT_CO_TRY(auto ends, co_await tcp_middle(at));
        PumpCount count;
        PumpOptions options;
        options.so_far = &count;
        options.write_limit = 200ms;
        auto floods = [](TcpStream& to) -> Task<Result<void>> {
            const auto block = some_bytes(std::size_t{1} << 20);
            while (true) {
                auto sent = co_await to.write_all(block);
                if (!sent) co_return std::unexpected(std::move(sent).error());
            }
        };
        auto both = co_await all_of(floods(ends.client), pump(ends.left, ends.right, options));
        EXPECT_TRUE(!both && both.error().is_deadline());
        EXPECT_GT(count.bytes, 0u);
        EXPECT_FALSE(count.ended);
        co_return {};
    };
    expect_done(test, loopback());
}

TEST_P(PumpTest, SilenceEndsItWhereThereIsALimit) {
    auto test = [](SocketAddress at) -> Task<Result<void>> {
        FT_CO_TRY(auto ends, co_await tcp_middle(at));
        PumpOptions options;
        options.read_limit = 10ms;
        auto done = co_await pump(ends.left, ends.right, options);
        EXPECT_TRUE(!done && done.error().is_deadline());
        // The streams are as good as before.
        auto sent = co_await ends.client.write_all(bytes_of("x"));
        EXPECT_TRUE(sent);
        options.bytes_max = 1;
        options.read_limit = 20s;
        FT_CO_TRY(const PumpCount count, co_await pump(ends.left, ends.right, options));
        EXPECT_EQ(count.bytes, 1u);
        co_return {};
    };
    expect_done(test, loopback());
}

TEST_P(PumpTest, AResetOnOneSideEndsBothDirections) {
    auto test = [](SocketAddress at) -> Task<Result<void>> {
        FT_CO_TRY(auto ends, co_await tcp_middle(at));
        auto resets = [](TcpStream& peer) -> Task<Result<void>> {
            FT_CO_TRY_VOID(set(peer, Linger::reset()));
            peer.close();
            co_return {};
        };
        auto both = co_await all_of(resets(ends.server), pump_both(ends.left, ends.right));
        EXPECT_TRUE(!both && both.error().is(ECONNRESET));
        co_return {};
    };
    expect_done(test, loopback());
}

TEST_P(PumpTest, IsCancelledFromOutside) {
    auto test = [](SocketAddress at) -> Task<Result<void>> {
        FT_CO_TRY(auto ends, co_await tcp_middle(at));
        auto done = co_await within(10ms, pump_both(ends.left, ends.right));
        EXPECT_TRUE(!done && done.error().is_deadline());
        co_return {};
    };
    expect_done(test, loopback());
}

TEST_P(PumpTest, WithoutDescriptorsForAPipeItCopiesAndSaysSo) {
    auto test = [](SocketAddress at) -> Task<Result<void>> {
        FT_CO_TRY(auto ends, co_await tcp_middle(at));
        rlimit before{};
        ::getrlimit(RLIMIT_NOFILE, &before);
        rlimit none = before;
        none.rlim_cur = 3;
        ::setrlimit(RLIMIT_NOFILE, &none);
        auto all =
            co_await all_of(write_and_end(ends.client, bytes_of("few")),
                            pump(ends.left, ends.right), expect_all(ends.server, bytes_of("few")));
        ::setrlimit(RLIMIT_NOFILE, &before);
        if (!all) co_return std::unexpected(std::move(all).error());
        EXPECT_EQ(all->get<1>().way(), PumpWay::copied);
        EXPECT_EQ(all->get<1>().why_copied, "no pipe could be had");
        co_return {};
    };
    expect_done(test, loopback());
}

// --- Files -------------------------------------------------------------------------------------

class SendFile : public PumpTest {
protected:
    std::shared_ptr<Fd> file_of(Bytes bytes) {
        const std::string path = folder_.path("file");
        auto file = std::make_shared<Fd>(
            ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        EXPECT_EQ(::write(file->raw(), bytes.data(), bytes.size()),
                  static_cast<ssize_t>(bytes.size()));
        return file;
    }

private:
    TemporaryFolder folder_;
};
FT_IN_KERNEL_WORLDS(SendFile);

TEST_P(SendFile, C7_SendsAFileWholeWithoutMovingItsPosition) {
    const auto bytes = some_bytes(3'000'000);
    auto test = [](SocketAddress at, std::shared_ptr<Fd> file,
                   Bytes expected) -> Task<Result<void>> {
        FT_CO_TRY(auto ends, co_await tcp_middle(at));
        // Not in memory any more, where the kernel can let go of it.
        ::fsync(file->raw());
        ::posix_fadvise(file->raw(), 0, 0, POSIX_FADV_DONTNEED);
        auto sends = [](TcpStream& to, int from, std::size_t count) -> Task<Result<void>> {
            auto sent = co_await send_file(to, from, 1, count - 1);
            if (!sent) co_return std::unexpected(std::move(sent).error());
            EXPECT_EQ(*sent, count - 1);
            co_return to.shutdown_write();
        };
        auto both = co_await all_of(sends(ends.left, file->raw(), expected.size()),
                                    expect_all(ends.client, expected.subspan(1)));
        if (!both) co_return std::unexpected(std::move(both).error());
        co_return {};
    };
    expect_done(test, loopback(), file_of(bytes), Bytes(bytes));
}

TEST_P(SendFile, F46_AFileThatIsShorterThanSaidIsAnErrorWithTheCount) {
    const auto bytes = some_bytes(1000);
    auto test = [](SocketAddress at, std::shared_ptr<Fd> file) -> Task<Result<void>> {
        FT_CO_TRY(auto ends, co_await tcp_middle(at));
        auto sent = co_await send_file(ends.left, file->raw(), 0, 5000);
        EXPECT_EQ(sent.bytes_moved(), 1000u);
        EXPECT_TRUE(!sent && sent.error().cause() == Cause::ended);
        auto bad = co_await send_file(ends.left, -1, 0, 5000);
        EXPECT_TRUE(!bad && bad.error().is(EBADF));
        auto nothing = co_await send_file(ends.left, file->raw(), 0, 0);
        EXPECT_TRUE(nothing);
        co_return {};
    };
    expect_done(test, loopback(), file_of(bytes));
}

TEST_P(SendFile, F46_APeerThatReadsNothingEndsItAtALimitAndTruncationIsAnEnd) {
    const auto bytes = some_bytes(std::size_t{16} << 20);
    auto test = [](SocketAddress at, std::shared_ptr<Fd> file) -> Task<Result<void>> {
        FT_CO_TRY(auto ends, co_await tcp_middle(at));
        SendFileOptions options;
        options.write_limit = 100ms;
        auto sent = co_await send_file(ends.left, file->raw(), 0, std::uint64_t{16} << 20, options);
        EXPECT_TRUE(!sent && sent.error().is_deadline());
        EXPECT_GT(sent.bytes_moved(), 0u);
        EXPECT_EQ(::ftruncate(file->raw(), 10), 0);
        // What is sent already was the file's pages; the rest is not there any more.
        sent = co_await send_file(ends.right, file->raw(), 0, std::uint64_t{16} << 20, options);
        EXPECT_TRUE(!sent && sent.error().cause() == Cause::ended);
        EXPECT_EQ(sent.bytes_moved(), 10u);
        co_return {};
    };
    expect_done(test, loopback(), file_of(bytes));
}

}  // namespace
}  // namespace fivetuple::testing_help
