#include "fivetuple/transport/pipe.h"

#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/scope.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/stream.h"

#include "tests/testing/quiet_loop.h"
#include <array>
#include <cerrno>
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

static_assert(Stream<PipeStream>);

class PipeTest : public QuietTest {};

Task<Result<std::string>> read_some(PipeStream& stream, std::size_t most = 100) {
    std::string text(most, '\0');
    FT_CO_TRY(const std::size_t count,
              co_await stream.read_some(std::as_writable_bytes(std::span(text))));
    text.resize(count);
    co_return text;
}

// A co_await inside EXPECT_EQ would stand in a condition: see scripts/check_traps.py.
Task<void> expect_read(PipeStream& stream, std::string expected, std::size_t most = 100) {
    auto got = co_await read_some(stream, most);
    EXPECT_EQ(got.value_or("an error"), expected);
}

Task<void> both_ways() {
    Pipe pipe;
    auto put = co_await pipe.left.write_all(bytes_of("to the right"));
    EXPECT_EQ(put.bytes_moved(), 12u);
    put = co_await pipe.right.write_all(bytes_of("to the left"));
    EXPECT_EQ(put.bytes_moved(), 11u);
    co_await expect_read(pipe.right, "to the right");
    co_await expect_read(pipe.left, "to the left");
}

TEST_F(PipeTest, BytesGoBothWays) { run(loop(), both_ways()); }

Task<void> pieces() {
    Pipe pipe(4);
    auto put = co_await pipe.left.write_all(bytes_of("abcd"));
    EXPECT_TRUE(put);
    co_await expect_read(pipe.right, "abc", 3);
    // The ring has come round.
    put = co_await pipe.left.write_all(bytes_of("efg"));
    EXPECT_TRUE(put);
    co_await expect_read(pipe.right, "defg");
    co_await expect_read(pipe.right, "", 0);
    put = co_await pipe.left.write_all({});
    EXPECT_TRUE(put);
}

TEST_F(PipeTest, GivesWhatIsThereAndFits) { run(loop(), pieces()); }

// --- Back pressure -----------------------------------------------------------------------------

Task<Result<void>> note_write(PipeStream& stream, std::string text, std::string& log) {
    auto put = co_await stream.write_all(bytes_of(text));
    log += put ? "written " : put.error().message() + " ";
    co_return {};
}

Task<Result<void>> note_reads(PipeStream& stream, std::string& log) {
    FT_CO_TRY_VOID(co_await sleep(1s));
    log += "look ";
    while (true) {
        FT_CO_TRY(const std::string got, co_await read_some(stream, 4));
        if (got.empty()) co_return {};
        log += got + " ";
        if (got.ends_with('.')) co_return {};
        FT_CO_TRY_VOID(co_await yield());
    }
}

Task<std::string> write_against_reads() {
    Pipe pipe(4);
    std::string log;
    auto done =
        co_await all_of(note_write(pipe.left, "abcdefghij.", log), note_reads(pipe.right, log));
    EXPECT_TRUE(done);
    co_return log;
}

TEST_F(PipeTest, AWriterWaitsUntilThereIsRoom) {
    EXPECT_EQ(run(loop(), write_against_reads()), "look abcd efgh written ij. ");
}

Task<Result<void>> write_whole(PipeStream& stream, Bytes from) {
    auto put = co_await stream.write_all(from);
    EXPECT_EQ(put.bytes_moved(), from.size());
    co_return {};
}

Task<Result<void>> read_whole(PipeStream& stream, MutableBytes into) {
    auto got = co_await stream.read_exact(into);
    EXPECT_EQ(got.bytes_moved(), into.size());
    co_return {};
}

Task<void> bulk(std::size_t size, std::size_t capacity, bool reader_first) {
    Pipe pipe(capacity);
    const auto sent = some_bytes(size);
    std::vector<std::byte> got(size);
    if (reader_first) {
        auto done = co_await all_of(read_whole(pipe.right, got), write_whole(pipe.left, sent));
        EXPECT_TRUE(done);
    } else {
        auto done = co_await all_of(write_whole(pipe.left, sent), read_whole(pipe.right, got));
        EXPECT_TRUE(done);
    }
    EXPECT_EQ(got, sent);
}

TEST_F(PipeTest, AReaderAndAWriterOfMoreThanItHoldsFinishTogether) {
    for (const std::size_t size : {1, 2, 3, 4, 5, 9, 100, 1001}) {
        for (const std::size_t capacity : {0, 1, 2, 3, 7, 100}) {
            run(loop(), bulk(size, capacity, true));
            run(loop(), bulk(size, capacity, false));
        }
    }
    run(loop(), bulk(1 << 20, std::size_t{64} * 1024, true));
    run(loop(), bulk(1 << 20, std::size_t{64} * 1024, false));
}

Task<Result<void>> pump(PipeStream& from, PipeStream& to) {
    while (true) {
        FT_CO_TRY(const std::string got, co_await read_some(from, 7));
        if (got.empty()) co_return to.shutdown_write();
        auto put = co_await to.write_all(bytes_of(got));
        if (!put) co_return std::unexpected(std::move(put).error());
    }
}

Task<Result<void>> send_and_end(PipeStream& stream, std::string_view text) {
    auto put = co_await stream.write_all(bytes_of(text));
    if (!put) co_return std::unexpected(std::move(put).error());
    co_return stream.shutdown_write();
}

Task<void> through_three(std::string text) {
    Pipe first(3);
    Pipe second(5);
    Pipe third(1);
    std::vector<std::byte> got(text.size());
    auto done = co_await all_of(send_and_end(first.left, text), pump(first.right, second.left),
                                pump(second.right, third.left), read_whole(third.right, got));
    EXPECT_TRUE(done);
    EXPECT_EQ(text_of(got), text);
    co_await expect_read(third.right, "");
}

TEST_F(PipeTest, PipesJoinIntoALine) { run(loop(), through_three(some_text(5000))); }

// --- Ends --------------------------------------------------------------------------------------

Task<void> half_close() {
    Pipe pipe;
    auto put = co_await pipe.left.write_all(bytes_of("last words"));
    EXPECT_TRUE(put);
    EXPECT_TRUE(pipe.left.shutdown_write());
    EXPECT_TRUE(pipe.left.shutdown_write()) << "twice is harmless";
    co_await expect_read(pipe.right, "last words");
    co_await expect_read(pipe.right, "");
    co_await expect_read(pipe.right, "");
    put = co_await pipe.left.write_all(bytes_of("more"));
    EXPECT_TRUE(put.error().is(EPIPE));
    EXPECT_EQ(put.bytes_moved(), 0u);
    // The other direction goes on.
    put = co_await pipe.right.write_all(bytes_of("answer"));
    EXPECT_TRUE(put);
    co_await expect_read(pipe.left, "answer");
}

TEST_F(PipeTest, A4_AfterShuttingDownOneDirectionTheOtherGoesOn) { run(loop(), half_close()); }

Task<void> closed() {
    Pipe pipe;
    auto put = co_await pipe.left.write_all(bytes_of("left behind"));
    EXPECT_TRUE(put);
    pipe.left.close();
    pipe.left.close();
    EXPECT_TRUE(pipe.left.shutdown_write().error().is(EBADF));
    put = co_await pipe.right.write_all(bytes_of("to nobody"));
    EXPECT_EQ(put.error().message(), "write: Broken pipe");
    put = co_await pipe.right.write_all({});
    EXPECT_TRUE(put);
    co_await expect_read(pipe.right, "left behind");
    co_await expect_read(pipe.right, "");
}

TEST_F(PipeTest, WhatWasWrittenBeforeTheCloseCanStillBeRead) { run(loop(), closed()); }

Task<void> too_short() {
    Pipe pipe;
    auto put = co_await pipe.left.write_all(bytes_of("abc"));
    EXPECT_TRUE(put);
    pipe.left.close();
    std::array<std::byte, 5> room;
    auto got = co_await pipe.right.read_exact(room);
    EXPECT_EQ(got.bytes_moved(), 3u);
    EXPECT_EQ(got.error().cause(), Cause::ended);
    EXPECT_EQ(got.error().message(), "read: the peer finished early");
    got = co_await pipe.right.read_exact({});
    EXPECT_TRUE(got);
}

TEST_F(PipeTest, C1_ReadExactSaysHowMuchCameBeforeTheEnd) { run(loop(), too_short()); }

Task<Result<void>> closes_after(PipeStream& stream, Duration pause) {
    FT_CO_TRY_VOID(co_await sleep(pause));
    stream.close();
    co_return {};
}

Task<Result<std::string>> reads_to_end(PipeStream& stream) {
    std::array<std::byte, 10> room;
    auto got = co_await stream.read_exact(room);
    co_return got.error().message() + " after " + std::to_string(got.bytes_moved());
}

Task<Result<std::string>> writes_too_much(PipeStream& stream) {
    auto put = co_await stream.write_all(bytes_of("0123456789"));
    co_return put.error().message() + " after " + std::to_string(put.bytes_moved());
}

Task<void> close_wakes() {
    Pipe pipe(4);
    auto read = co_await all_of(reads_to_end(pipe.right), closes_after(pipe.left, 1s));
    EXPECT_EQ(read->get<0>(), "read: the peer finished early after 0");
    Pipe other(4);
    auto written = co_await all_of(writes_too_much(other.left), closes_after(other.right, 1s));
    EXPECT_EQ(written->get<0>(), "write: Broken pipe after 4");
}

TEST_F(PipeTest, ClosingEndsWhoWaitsAtTheOtherEnd) { run(loop(), close_wakes()); }

Task<Result<void>> shuts_down_after(PipeStream& stream, Duration pause) {
    FT_CO_TRY_VOID(co_await sleep(pause));
    co_return stream.shutdown_write();
}

Task<void> shutdown_wakes() {
    Pipe pipe(4);
    auto done = co_await all_of(read_some(pipe.right), shuts_down_after(pipe.left, 1s));
    EXPECT_EQ(done->get<0>(), "");
    // Also whoever waits to write at the same end.
    Pipe other(4);
    auto own = co_await all_of(writes_too_much(other.left), shuts_down_after(other.left, 1s));
    EXPECT_EQ(own->get<0>(), "write: Broken pipe after 4");
    co_await expect_read(other.right, "0123");
    co_await expect_read(other.right, "");
}

TEST_F(PipeTest, ShuttingDownEndsWhoWaits) { run(loop(), shutdown_wakes()); }

Task<void> moved() {
    Pipe pipe;
    PipeStream here = std::move(pipe.left);
    auto put = co_await here.write_all(bytes_of("moved"));
    EXPECT_TRUE(put);
    co_await expect_read(pipe.right, "moved");
    Pipe other;
    here = std::move(other.left);
    // What it was before ends with what it was moved from.
    {
        const PipeStream gone = std::move(other.left);
    }
    co_await expect_read(pipe.right, "");
}

TEST_F(PipeTest, AnEndCanBeMoved) { run(loop(), moved()); }

// --- Stopping ----------------------------------------------------------------------------------

Task<void> deadlines() {
    Pipe pipe(4);
    std::array<std::byte, 8> room;
    auto some = co_await within(1s, pipe.right.read_some(room));
    EXPECT_TRUE(some.error().is_deadline());
    auto put = co_await within(1s, pipe.left.write_all(bytes_of("abcdef")));
    EXPECT_TRUE(put.error().is_deadline());
    EXPECT_EQ(put.bytes_moved(), 4u) << "what went before the deadline has gone";
    auto exact = co_await within(1s, pipe.right.read_exact(room));
    EXPECT_TRUE(exact.error().is_deadline());
    EXPECT_EQ(exact.bytes_moved(), 4u);
    // Nobody waits any more, and nothing of what was given up is moved later.
    put = co_await pipe.left.write_all(bytes_of("next"));
    EXPECT_TRUE(put);
    co_await expect_read(pipe.right, "next");
}

TEST_F(PipeTest, ReadingAndWritingEndWithTheirDeadlines) { run(loop(), deadlines()); }

Task<Result<void>> stopped_body(Scope& scope, PipeStream& stream, std::string& log) {
    std::array<std::byte, 4> room;
    scope.cancel();
    auto some = co_await stream.read_some(room);
    log += some.error().message() + "; ";
    auto exact = co_await stream.read_exact(room);
    log += exact.error().message() + "; ";
    auto put = co_await stream.write_all(bytes_of("x"));
    log += put.error().message();
    co_return {};
}

Task<void> cancelled() {
    Pipe pipe;
    auto put = co_await pipe.left.write_all(bytes_of("data"));
    EXPECT_TRUE(put);
    std::string log;
    auto done = co_await with_scope(stopped_body, std::ref(pipe.right), std::ref(log));
    EXPECT_TRUE(done);
    EXPECT_EQ(log, "read: cancelled; read: cancelled; write: cancelled");
    co_await expect_read(pipe.right, "data");
}

TEST_F(PipeTest, ATaskThatIsToEndNeitherReadsNorWrites) { run(loop(), cancelled()); }

Task<void> two_readers() {
    Pipe pipe;
    static_cast<void>(co_await all_of(read_some(pipe.right), read_some(pipe.right)));
}

TEST(PipeDeathTest, TwoReadersAtOnceAreAMistakeOfTheProgram) {
    // A loop belongs to one process, and this runs in another.
    EXPECT_DEATH(run(*open_quiet_loop(), two_readers()), "two tasks read one pipe at once");
}

}  // namespace
}  // namespace fivetuple::testing_help
