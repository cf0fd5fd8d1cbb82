#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/unix.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/testing/world.h"
#include <array>
#include <string>
#include <vector>

// Descriptors beside the bytes of a Unix stream.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class UnixFiles : public TaskTest {
protected:
    template <class Function>
    void expect_done(Function function) {
        const auto done = run(loop(), function());
        EXPECT_TRUE(done) << done.error().message();
    }
};
FT_IN_KERNEL_WORLDS(UnixFiles);

Fd open_null() { return Fd(::open("/dev/null", O_RDWR | O_CLOEXEC)); }

bool is_same_file(int one, int other) {
    struct stat a{};
    struct stat b{};
    return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_ino == b.st_ino &&
           a.st_rdev == b.st_rdev;
}

TEST_P(UnixFiles, ComeWithTheBytesThatTheyWereSentWith) {
    expect_done([]() -> Task<Result<void>> {
        FT_CO_TRY(auto pair, UnixStream::pair(co_await this_loop()));
        const Fd null = open_null();
        const std::array<int, 2> files{null.raw(), null.raw()};
        auto plain = co_await pair.first.write_all(bytes_of("plain "));
        EXPECT_TRUE(plain);
        auto sent = co_await pair.first.send_files(bytes_of("with files"), files);
        EXPECT_TRUE(sent && *sent == 10u);
        plain = co_await pair.first.write_all(bytes_of(" plain again"));
        EXPECT_TRUE(plain);
        std::string before;
        std::string with;
        std::string after;
        std::array<std::byte, 100> room;
        while (before.size() + with.size() + after.size() < 28) {
            FT_CO_TRY(const auto got, co_await within(20s, pair.second.receive_message(room)));
            if (!got.files.empty()) {
                EXPECT_EQ(got.files.size(), 2u);
                EXPECT_TRUE(is_same_file(got.files[0].raw(), null.raw()));
                EXPECT_NE(::fcntl(got.files[1].raw(), F_GETFD) & FD_CLOEXEC, 0);
            }
            (!got.files.empty() ? with : with.empty() ? before : after) += text_of(got.bytes);
        }
        // What goes before them may not be joined to them, nor a second set to the first.
        EXPECT_TRUE(before == "plain " || with.starts_with("plain with files")) << before;
        EXPECT_EQ(before + with + after, "plain with files plain again");
        co_return {};
    });
}

TEST_P(UnixFiles, OfTwoSendsAreNeverMixed) {
    expect_done([]() -> Task<Result<void>> {
        FT_CO_TRY(auto pair, UnixStream::pair(co_await this_loop()));
        const Fd null = open_null();
        const std::array<int, 1> one{null.raw()};
        const std::array<int, 3> three{null.raw(), null.raw(), null.raw()};
        auto sent = co_await pair.first.send_files(bytes_of("one"), one);
        EXPECT_TRUE(sent);
        sent = co_await pair.first.send_files(bytes_of("three"), three);
        EXPECT_TRUE(sent);
        std::array<std::byte, 100> room;
        FT_CO_TRY(auto got, co_await pair.second.receive_message(room));
        EXPECT_EQ(text_of(got.bytes), "one");
        EXPECT_EQ(got.files.size(), 1u);
        FT_CO_TRY(got, co_await pair.second.receive_message(room));
        EXPECT_EQ(text_of(got.bytes), "three");
        EXPECT_EQ(got.files.size(), 3u);
        co_return {};
    });
}

TEST_P(UnixFiles, ASmallRoomTakesTheBytesByParts) {
    expect_done([]() -> Task<Result<void>> {
        FT_CO_TRY(auto pair, UnixStream::pair(co_await this_loop()));
        const Fd null = open_null();
        const std::array<int, 1> files{null.raw()};
        auto sent = co_await pair.first.send_files(bytes_of("abcdef"), files);
        EXPECT_TRUE(sent);
        EXPECT_TRUE(pair.first.shutdown_write());
        std::array<std::byte, 4> room;
        FT_CO_TRY(auto got, co_await pair.second.receive_message(room));
        EXPECT_EQ(text_of(got.bytes), "abcd");
        EXPECT_EQ(got.files.size(), 1u);
        FT_CO_TRY(got, co_await pair.second.receive_message(room));
        EXPECT_EQ(text_of(got.bytes), "ef");
        EXPECT_TRUE(got.files.empty());
        FT_CO_TRY(got, co_await pair.second.receive_message(room));
        EXPECT_TRUE(got.bytes.empty()) << "the end";
        co_return {};
    });
}

TEST_P(UnixFiles, MoreBytesThanThereIsRoomForAllArrive) {
    expect_done([]() -> Task<Result<void>> {
        FT_CO_TRY(auto pair, UnixStream::pair(co_await this_loop()));
        auto sends = [](UnixStream& to) -> Task<Result<void>> {
            const auto bytes = some_bytes(1'000'000);
            const Fd null = open_null();
            const std::array<int, 1> files{null.raw()};
            auto sent = co_await to.send_files(bytes, files);
            EXPECT_EQ(sent.bytes_moved(), bytes.size());
            co_return to.shutdown_write();
        };
        auto receives = [](UnixStream& from) -> Task<Result<void>> {
            std::vector<std::byte> all;
            std::vector<std::byte> room(10'000);
            std::size_t files = 0;
            while (true) {
                FT_CO_TRY(const auto got, co_await within(20s, from.receive_message(room)));
                files += got.files.size();
                if (got.bytes.empty()) break;
                all.insert(all.end(), got.bytes.begin(), got.bytes.end());
            }
            EXPECT_EQ(files, 1u);
            EXPECT_EQ(all, some_bytes(1'000'000));
            co_return {};
        };
        auto both = co_await all_of(sends(pair.first), receives(pair.second));
        if (!both) co_return std::unexpected(std::move(both).error());
        co_return {};
    });
}

TEST_P(UnixFiles, NeedAByteAndAreAtMostSoMany) {
    expect_done([]() -> Task<Result<void>> {
        FT_CO_TRY(auto pair, UnixStream::pair(co_await this_loop()));
        const std::vector<int> many(254, 0);
        auto sent = co_await pair.first.send_files(bytes_of("x"), many);
        EXPECT_TRUE(!sent && sent.error().cause() == Cause::limit);
        sent = co_await pair.first.send_files({}, std::span(many).first(1));
        EXPECT_TRUE(!sent && sent.error().is(EINVAL));
        const std::array<int, 1> closed{-1};
        sent = co_await pair.first.send_files(bytes_of("x"), closed);
        EXPECT_TRUE(!sent && sent.error().is(EBADF));
        auto got = co_await pair.second.receive_message({});
        EXPECT_TRUE(!got && got.error().is(EINVAL));
        co_return {};
    });
}

TEST_P(UnixFiles, ThatDoNotFitInThisProcessAreAnErrorAndLeakNothing) {
    expect_done([]() -> Task<Result<void>> {
        FT_CO_TRY(auto pair, UnixStream::pair(co_await this_loop()));
        const Fd null = open_null();
        const std::vector<int> files(8, null.raw());
        auto sent = co_await pair.first.send_files(bytes_of("x"), files);
        EXPECT_TRUE(sent);
        const std::size_t before = open_descriptors();
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        rlimit few = limit;
        // Room for a few of them; the numbers that are free begin at about this one.
        few.rlim_cur = static_cast<rlim_t>(Fd(::dup(0)).raw()) + 4;
        ::setrlimit(RLIMIT_NOFILE, &few);
        std::array<std::byte, 100> room;
        auto got = co_await pair.second.receive_message(room);
        ::setrlimit(RLIMIT_NOFILE, &limit);
        EXPECT_TRUE(!got && got.error().cause() == Cause::limit);
        EXPECT_EQ(open_descriptors(), before);
        co_return {};
    });
}

// The bytes that a leased read has set going to take are not lost; their descriptors are.
TEST_P(UnixFiles, BehindALeasedReadNoBytesAreLost) {
    expect_done([]() -> Task<Result<void>> {
        FT_CO_TRY(auto pair, UnixStream::pair(co_await this_loop()));
        auto sent = co_await pair.first.write_all(bytes_of("first"));
        EXPECT_TRUE(sent);
        FT_CO_TRY(Lease lease, co_await pair.second.read());
        lease = Lease();
        sent = co_await pair.first.write_all(bytes_of("second"));
        EXPECT_TRUE(sent);
        FT_CO_TRY_VOID(co_await sleep(20ms));
        std::array<std::byte, 4> room;
        FT_CO_TRY(auto got, co_await pair.second.receive_message(room));
        EXPECT_EQ(text_of(got.bytes), "seco");
        FT_CO_TRY(got, co_await pair.second.receive_message(room));
        EXPECT_EQ(text_of(got.bytes), "nd");
        auto late = co_await within(10ms, pair.second.receive_message(room));
        EXPECT_TRUE(!late && late.error().is_deadline());
        // From here on nothing stands in between.
        const Fd null = open_null();
        const std::array<int, 1> files{null.raw()};
        auto third = co_await pair.first.send_files(bytes_of("3"), files);
        EXPECT_TRUE(third);
        FT_CO_TRY(got, co_await pair.second.receive_message(room));
        EXPECT_EQ(got.files.size(), 1u);
        EXPECT_TRUE(pair.first.shutdown_write());
        FT_CO_TRY(lease, co_await pair.second.read());
        EXPECT_TRUE(lease.empty());
        FT_CO_TRY(got, co_await pair.second.receive_message(room));
        EXPECT_TRUE(got.bytes.empty());
        co_return {};
    });
}

TEST_P(UnixFiles, WaitingForThemIsCancelled) {
    expect_done([]() -> Task<Result<void>> {
        FT_CO_TRY(auto pair, UnixStream::pair(co_await this_loop()));
        std::array<std::byte, 4> room;
        auto late = co_await within(5ms, pair.second.receive_message(room));
        EXPECT_TRUE(!late && late.error().is_deadline());
        pair.first.close();
        FT_CO_TRY(const auto end, co_await pair.second.receive_message(room));
        EXPECT_TRUE(end.bytes.empty());
        auto sent = co_await pair.second.send_files(bytes_of("x"), {});
        EXPECT_TRUE(!sent && sent.error().is(EPIPE));
        co_return {};
    });
}

}  // namespace
}  // namespace fivetuple::testing_help
