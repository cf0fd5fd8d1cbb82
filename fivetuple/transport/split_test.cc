#include "fivetuple/transport/split.h"

#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/transport/pipe.h"

#include "tests/testing/quiet_loop.h"
#include <array>
#include <string>
#include <utility>

namespace fivetuple::testing_help {
namespace {

class Split : public QuietTest {};

using Reader = StreamReader<PipeStream>;
using Writer = StreamWriter<PipeStream>;

// What comes until the end.
template <class S>
Task<Result<std::string>> read_to_end(S stream) {
    std::string text;
    std::array<std::byte, 5> room;
    while (true) {
        FT_CO_TRY(const std::size_t count, co_await stream.read_some(room));
        if (count == 0) co_return text;
        text += text_of(Bytes(room).first(count));
    }
}

template <class S>
Task<Result<void>> write_and_end(S stream, std::string text) {
    Bytes left = bytes_of(text);
    while (!left.empty()) {
        auto put = co_await stream.write_all(left.first(1));
        if (!put) co_return std::unexpected(std::move(put).error());
        left = left.subspan(1);
        FT_CO_TRY_VOID(co_await yield());
    }
    co_return {};
}

Task<void> both_ways_at_once() {
    const std::string there = some_text(100, 1);
    const std::string back = some_text(77, 2);
    Pipe pipe(3);
    auto left = split(std::move(pipe.left));
    auto right = split(std::move(pipe.right));
    auto done = co_await all_of(
        write_and_end(std::move(left.writer), there), read_to_end(std::move(right.reader)),
        write_and_end(std::move(right.writer), back), read_to_end(std::move(left.reader)));
    EXPECT_EQ(done->get<1>(), there);
    EXPECT_EQ(done->get<3>(), back);
}

TEST_F(Split, EachHalfBelongsToATaskOfItsOwn) { run(loop(), both_ways_at_once()); }

Task<void> writer_ends() {
    Pipe pipe;
    auto halves = split(std::move(pipe.left));
    {
        const Writer gone = std::move(halves.writer);
    }
    std::array<std::byte, 5> room;
    auto count = co_await pipe.right.read_some(room);
    EXPECT_EQ(count.value(), 0u) << "the peer is told that no more will come";
    auto put = co_await pipe.right.write_all(bytes_of("still"));
    EXPECT_TRUE(put);
    count = co_await halves.reader.read_some(room);
    EXPECT_EQ(text_of(Bytes(room).first(count.value())), "still");
}

TEST_F(Split, A4_AWriterThatEndsShutsItsDirectionDownAndNoOther) { run(loop(), writer_ends()); }

Task<void> reader_ends() {
    Pipe pipe;
    auto halves = split(std::move(pipe.left));
    {
        const Reader gone = std::move(halves.reader);
    }
    auto put = co_await halves.writer.write_all(bytes_of("more"));
    EXPECT_TRUE(put) << "the stream is open as long as one half is";
    EXPECT_TRUE(halves.writer.shutdown_write());
    {
        const Writer gone = std::move(halves.writer);
    }
    put = co_await pipe.right.write_all(bytes_of("to nobody"));
    EXPECT_TRUE(put.error().is(EPIPE)) << "closed when both have ended";
}

TEST_F(Split, TheStreamIsClosedWhenBothHalvesHaveEnded) { run(loop(), reader_ends()); }

TEST_F(Split, AHalfWhoseStreamHasBeenClosedEndsQuietly) {
    Pipe pipe;
    auto halves = split(std::move(pipe.left));
    halves.reader.stream().close();
    EXPECT_TRUE(halves.writer.shutdown_write().error().is(EBADF));
}

Task<void> moved() {
    Pipe one;
    Pipe other;
    auto first = split(std::move(one.left));
    auto second = split(std::move(other.left));
    first.writer = std::move(second.writer);
    // What the first one wrote to ends when the one that it was moved to does.
    {
        const Writer gone = std::move(second.writer);
    }
    std::array<std::byte, 5> room;
    auto count = co_await one.right.read_some(room);
    EXPECT_EQ(count.value(), 0u);
    auto put = co_await first.writer.write_all(bytes_of("x"));
    EXPECT_TRUE(put);
    count = co_await other.right.read_some(room);
    EXPECT_EQ(count.value(), 1u);
}

TEST_F(Split, AWriterCanBeMoved) { run(loop(), moved()); }

}  // namespace
}  // namespace fivetuple::testing_help
