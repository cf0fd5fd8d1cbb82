#include "fivetuple/transport/file_stream.h"

#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"

#include <fcntl.h>
#include <unistd.h>

#include "tests/testing/world.h"
#include <array>
#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class FileStreams : public TaskTest {};
FT_IN_KERNEL_WORLDS(FileStreams);

struct PipeEnds {
    Fd reader;
    Fd writer;
};
PipeEnds open_pipe() {
    std::array<int, 2> raw{};
    EXPECT_EQ(::pipe2(raw.data(), O_CLOEXEC), 0);
    return {Fd(raw[0]), Fd(raw[1])};
}

Task<Result<std::string>> read_some(FileStream& stream) {
    std::array<std::byte, 5> room;
    FT_CO_TRY(const std::size_t count, co_await stream.read_some(room));
    co_return std::string(text_of(Bytes(room).first(count)));
}

Task<Result<std::string>> read_to_end(FileStream& stream) {
    std::string text;
    while (true) {
        FT_CO_TRY(const std::string more, co_await read_some(stream));
        if (more.empty()) co_return text;
        text += more;
    }
}

Task<Result<void>> write_and_close(FileStream stream, std::string text) {
    auto put = co_await stream.write_all(bytes_of(text));
    if (!put) co_return std::unexpected(std::move(put).error());
    EXPECT_EQ(put.bytes_moved(), text.size());
    co_return {};
}

Task<Result<std::string>> through_pipe(Loop& loop, std::string text) {
    PipeEnds ends = open_pipe();
    FT_CO_TRY(FileStream reader, FileStream::adopt(loop, std::move(ends.reader)));
    FT_CO_TRY(FileStream writer, FileStream::adopt(loop, std::move(ends.writer)));
    auto both =
        co_await all_of(write_and_close(std::move(writer), std::move(text)), read_to_end(reader));
    if (!both) co_return std::unexpected(std::move(both).error());
    co_return both->get<1>();
}

TEST_P(FileStreams, APipeCarriesMoreThanItHoldsAndTellsItsEnd) {
    for (const std::size_t size : {0u, 1u, 4096u, 4097u, 300'000u}) {
        const std::string text = some_text(size);
        EXPECT_EQ(run(loop(), through_pipe(loop(), text)).value_or("an error"), text) << size;
    }
}

Task<std::string> reads_late(Loop& loop) {
    PipeEnds ends = open_pipe();
    auto reader = FileStream::adopt(loop, std::move(ends.reader));
    auto none = co_await within(5ms, read_some(*reader));
    EXPECT_EQ(none.error().message(), "poll: the time limit ran out");
    EXPECT_EQ(::write(ends.writer.raw(), "late", 4), 4);
    auto some = co_await read_some(*reader);
    co_return some.value_or("an error");
}

TEST_P(FileStreams, ReadingEndsWithItsDeadlineAndTheStreamGoesOn) {
    EXPECT_EQ(run(loop(), reads_late(loop())), "late");
}

Task<void> writes_to_the_full(Loop& loop) {
    PipeEnds ends = open_pipe();
    const int room = ::fcntl(ends.writer.raw(), F_GETPIPE_SZ);
    auto writer = FileStream::adopt(loop, std::move(ends.writer));
    const auto block = some_bytes(static_cast<std::size_t>(room) + 1);
    auto put = co_await within(5ms, writer->write_all(block));
    EXPECT_EQ(put.error().message(), "poll: the time limit ran out");
    EXPECT_EQ(put.bytes_moved(), static_cast<std::size_t>(room)) << "what went is told";
}

TEST_P(FileStreams, WritingToWhoDoesNotReadEndsWithItsDeadline) {
    run(loop(), writes_to_the_full(loop()));
}

Task<void> writes_to_nobody(Loop& loop) {
    PipeEnds ends = open_pipe();
    ends.reader = Fd();
    auto writer = FileStream::adopt(loop, std::move(ends.writer));
    auto put = co_await writer->write_all(bytes_of("x"));
    EXPECT_EQ(put.error().message(), "write: Broken pipe");
    EXPECT_EQ(put.bytes_moved(), 0u);
}

TEST_P(FileStreams, C2_APipeWithoutAReaderIsAnErrorAndNoSignal) {
    run(loop(), writes_to_nobody(loop()));
}

Task<Result<std::string>> copy_file(Loop& loop, std::string from, std::string to) {
    FT_CO_TRY(FileStream source,
              FileStream::adopt(loop, Fd(::open(from.c_str(), O_RDONLY | O_CLOEXEC))));
    FT_CO_TRY(const std::string text, co_await read_to_end(source));
    Fd made(::open(to.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    FT_CO_TRY(FileStream target, FileStream::adopt(loop, std::move(made)));
    FT_CO_TRY_VOID(co_await write_and_close(std::move(target), text));
    co_return text;
}

TEST_P(FileStreams, AFileIsAlwaysReady) {
    const TemporaryFolder folder;
    const std::string text = some_text(20'000);
    std::ofstream(folder.path("from"), std::ios::binary) << text;
    EXPECT_EQ(
        run(loop(), copy_file(loop(), folder.path("from"), folder.path("to"))).value_or("an error"),
        text);
    std::ifstream copy(folder.path("to"), std::ios::binary);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(copy), {}), text);
}

Task<std::string> reads_folder(Loop& loop) {
    auto folder = FileStream::adopt(loop, Fd(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    auto got = co_await read_some(*folder);
    co_return got ? "it was read" : got.error().message();
}

TEST_P(FileStreams, AFolderCannotBeRead) {
    EXPECT_EQ(run(loop(), reads_folder(loop())), "read: Is a directory");
}

Task<void> shares(Loop& loop, int number) {
    auto shared = FileStream::share(loop, number);
    auto put = co_await shared->write_all(bytes_of("shared"));
    EXPECT_TRUE(put);
}

TEST_P(FileStreams, WhatIsSharedStaysOpenAndBlocking) {
    const PipeEnds ends = open_pipe();
    run(loop(), shares(loop(), ends.writer.raw()));
    EXPECT_EQ(::fcntl(ends.writer.raw(), F_GETFL) & O_NONBLOCK, 0)
        << "others may rely on it that this descriptor blocks";
    EXPECT_EQ(::write(ends.writer.raw(), " still", 6), 6);
    std::array<char, 20> room{};
    EXPECT_EQ(::read(ends.reader.raw(), room.data(), room.size()), 12);
    EXPECT_STREQ(room.data(), "shared still");
}

Task<void> shares_and_reads(Loop& loop, int number, std::string& all) {
    auto shared = FileStream::share(loop, number);
    auto got = co_await within(10s, read_some(*shared));
    all += got ? *got : got.error().message();
}

// The second share has the number of the first, whose file is still open elsewhere.
TEST_P(FileStreams, OneCanBeSharedAgainAndAgain) {
    const PipeEnds ends = open_pipe();
    std::string all;
    for (const char* each : {"one ", "two ", "three"}) {
        ASSERT_GT(::write(ends.writer.raw(), each, std::strlen(each)), 0);
        run(loop(), shares_and_reads(loop(), ends.reader.raw(), all));
    }
    EXPECT_EQ(all, "one two three");
}

TEST_P(FileStreams, WhatIsNotOpenCannotBeHad) {
    auto shared = FileStream::share(loop(), 999'999);
    ASSERT_FALSE(shared.has_value());
    EXPECT_TRUE(shared.error().is(EBADF));
    auto adopted = FileStream::adopt(loop(), Fd());
    ASSERT_FALSE(adopted.has_value());
    EXPECT_TRUE(adopted.error().is(EBADF));
}

TEST_P(FileStreams, OneCanBeMoved) {
    PipeEnds one = open_pipe();
    PipeEnds other = open_pipe();
    EXPECT_EQ(::write(other.writer.raw(), "other", 5), 5);
    auto stream = FileStream::adopt(loop(), std::move(one.reader));
    auto replaced = FileStream::adopt(loop(), std::move(other.reader));
    ASSERT_TRUE(stream && replaced);
    *stream = *std::move(replaced);
    FileStream moved = *std::move(stream);
    EXPECT_EQ(run(loop(), read_some(moved)).value_or("an error"), "other");
}

}  // namespace
}  // namespace fivetuple::testing_help
