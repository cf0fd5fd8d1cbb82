#include "fivetuple/protocol/framing/frames.h"

#include "fivetuple/protocol/framing/checksummed.h"
#include "fivetuple/protocol/framing/delimiter.h"
#include "fivetuple/protocol/framing/fixed_size.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/file_stream.h"
#include "fivetuple/transport/split.h"
#include "fivetuple/transport/tcp.h"
#include "fivetuple/transport/unix.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/testing/world.h"
#include <array>
#include <string>
#include <vector>

// Frames over every kind of stream.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class FramesOverStreams : public TaskTest {};
FT_IN_ALL_WORLDS(FramesOverStreams);

constexpr std::size_t kCount = 200;

std::string payload_of(std::size_t count) { return some_text(count * count, count); }

template <FrameSink S, class Framing>
Task<Result<void>> write_all_messages(S& stream, Framing framing) {
    FrameWriter writer(stream, framing);
    for (std::size_t count = 0; count < kCount; ++count) {
        const std::string payload = payload_of(count);
        if (count % 3 == 0) {
            FT_CO_TRY_VOID(co_await writer.write(bytes_of(payload)));
        } else if (count % 3 == 1) {
            FT_CO_TRY_VOID(writer.add(bytes_of(payload)));
        } else {
            FT_CO_TRY_VOID(writer.lend(bytes_of(payload)));
            auto sent = co_await writer.flush();
            if (!sent) co_return std::unexpected(std::move(sent).error());
        }
    }
    auto sent = co_await writer.flush();
    if (!sent) co_return std::unexpected(std::move(sent).error());
    if constexpr (requires { stream.shutdown_write(); }) FT_CO_TRY_VOID(stream.shutdown_write());
    co_return {};
}

template <FrameSource S, class Framing>
Task<Result<std::size_t>> read_all_messages(S& stream, Framing framing) {
    FrameReader reader(stream, framing);
    for (std::size_t count = 0; count < kCount; ++count) {
        FT_CO_TRY(const auto frame, co_await reader.read());
        if (!frame) co_return count;
        EXPECT_TRUE(text_of(frame->payload) == payload_of(count)) << count;
    }
    co_return kCount;
}

template <class S>
Task<Result<void>> talk_over(S left, S right) {
    auto one = co_await within(1min, all_of(write_all_messages(left, Checksummed()),
                                            read_all_messages(right, Checksummed())));
    if (!one) co_return std::unexpected(std::move(one).error());
    EXPECT_EQ(one->template get<1>(), kCount);
    const LengthPrefix framing{.width = 8, .order = ByteOrder::little};
    auto other = co_await within(
        1min, all_of(write_all_messages(right, framing), read_all_messages(left, framing)));
    if (!other) co_return std::unexpected(std::move(other).error());
    EXPECT_EQ(other->template get<1>(), kCount);
    co_return {};
}

Task<Result<void>> over_tcp(Loop& loop, SocketAddress at) {
    FT_CO_TRY(auto listener, TcpListener::bind(loop, at));
    FT_CO_TRY(auto address, listener.local_address());
    FT_CO_TRY(auto client, co_await TcpStream::connect(address));
    FT_CO_TRY(auto server, co_await listener.accept());
    co_return co_await talk_over(std::move(client), std::move(server));
}

TEST_P(FramesOverStreams, C3_TcpCarriesThemBothWays) {
    auto done = run(loop(), over_tcp(loop(), loopback()));
    EXPECT_TRUE(done) << done.error().message();
}

Task<Result<void>> over_unix(Loop& loop) {
    FT_CO_TRY(auto pair, UnixStream::pair(loop));
    co_return co_await talk_over(std::move(pair.first), std::move(pair.second));
}

TEST_P(FramesOverStreams, C3_UnixStreamsCarryThemBothWays) {
    FT_NEEDS_KERNEL("Unix sockets");
    auto done = run(loop(), over_unix(loop()));
    EXPECT_TRUE(done) << done.error().message();
}

Task<Result<void>> over_halves(Loop& loop) {
    FT_CO_TRY(auto pair, UnixStream::pair(loop));
    auto left = split(std::move(pair.first));
    auto right = split(std::move(pair.second));
    auto both = co_await within(1min, all_of(write_all_messages(left.writer, Checksummed()),
                                             read_all_messages(right.reader, Checksummed())));
    if (!both) co_return std::unexpected(std::move(both).error());
    EXPECT_EQ(both->get<1>(), kCount);
    co_return {};
}

TEST_P(FramesOverStreams, HalvesOfAStreamCarryThem) {
    FT_NEEDS_KERNEL("Unix sockets");
    auto done = run(loop(), over_halves(loop()));
    EXPECT_TRUE(done) << done.error().message();
}

Task<Result<void>> over_a_pipe(Loop& loop) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    FT_CO_TRY(auto reads, FileStream::adopt(loop, Fd(ends[0])));
    FT_CO_TRY(auto writes, FileStream::adopt(loop, Fd(ends[1])));
    auto both = co_await within(1min, all_of(write_all_messages(writes, Checksummed()),
                                             read_all_messages(reads, Checksummed())));
    if (!both) co_return std::unexpected(std::move(both).error());
    EXPECT_EQ(both->get<1>(), kCount);
    co_return {};
}

TEST_P(FramesOverStreams, C3_APipeOfTheKernelCarriesThem) {
    FT_NEEDS_KERNEL("pipes");
    auto done = run(loop(), over_a_pipe(loop()));
    EXPECT_TRUE(done) << done.error().message();
}

// Receives and sends made while `count` frames go through a connection of `loop`.
Task<Result<void>> many_frames(Loop& loop, std::size_t count, std::uint64_t& calls) {
    FT_CO_TRY(auto pair, UnixStream::pair(loop));
    FrameWriter writer(pair.first, LengthPrefix{});
    FrameReader reader(pair.second, LengthPrefix{});
    const std::uint64_t before = loop.backend().stats().calls;
    for (std::size_t at = 0; at < count; ++at) FT_CO_TRY_VOID(writer.add(bytes_of("a message")));
    auto sent = co_await writer.flush();
    if (!sent) co_return std::unexpected(std::move(sent).error());
    for (std::size_t at = 0; at < count; ++at) {
        FT_CO_TRY(const auto frame, co_await reader.read());
        EXPECT_TRUE(frame && text_of(frame->payload) == "a message");
    }
    calls = loop.backend().stats().calls - before;
    co_return {};
}

TEST_P(FramesOverStreams, C3_ManyGoWithOneCallAndComeWithOne) {
    FT_NEEDS_KERNEL("Unix sockets");
    std::uint64_t calls = 0;
    auto done = run(loop(), many_frames(loop(), 1000, calls));
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_LT(calls, 50u) << "for 1000 frames";
}

Task<Result<void>> interrupted(Loop& loop) {
    FT_CO_TRY(auto pair, UnixStream::pair(loop));
    FrameReader reader(pair.second, Delimiter());
    auto sent = co_await pair.first.write_all(bytes_of("one\ntw"));
    EXPECT_TRUE(sent);
    FT_CO_TRY(auto frame, co_await reader.read());
    EXPECT_EQ(text_of(frame->payload), "one");
    auto none = co_await within(10ms, reader.read());
    EXPECT_FALSE(none.has_value());
    EXPECT_EQ(text_of(reader.rest()), "tw");
    sent = co_await pair.first.write_all(bytes_of("o\nth"));
    EXPECT_TRUE(sent);
    FT_CO_TRY(frame, co_await reader.read());
    EXPECT_EQ(text_of(frame->payload), "two");
    FT_CO_TRY_VOID(pair.first.shutdown_write());
    none = co_await reader.read();
    EXPECT_EQ(none.error().cause(), Cause::ended);
    co_return {};
}

TEST_P(FramesOverStreams, ADeadlineInsideAFrameLosesNothing) {
    FT_NEEDS_KERNEL("Unix sockets");
    auto done = run(loop(), interrupted(loop()));
    EXPECT_TRUE(done) << done.error().message();
}

}  // namespace
}  // namespace fivetuple::testing_help
