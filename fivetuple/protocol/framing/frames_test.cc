#include "fivetuple/protocol/framing/frames.h"

#include "fivetuple/protocol/framing/checksummed.h"
#include "fivetuple/protocol/framing/delimiter.h"
#include "fivetuple/protocol/framing/fixed_size.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/pipe.h"

#include "tests/testing/quiet_loop.h"
#include <string>
#include <vector>

namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

class Frames : public QuietTest {};

using Texts = std::vector<std::string>;

// Writes `text` in pieces of `step` bytes, and ends the stream.
Task<Result<void>> write_in_steps(PipeStream stream, std::string text, std::size_t step) {
    Bytes left = bytes_of(text);
    while (!left.empty()) {
        const std::size_t size = std::min(step, left.size());
        auto put = co_await stream.write_all(left.first(size));
        if (!put) co_return std::unexpected(std::move(put).error());
        left = left.subspan(size);
        FT_CO_TRY_VOID(co_await yield());
    }
    co_return {};
}

// The payloads of all frames; the last entry is the error that ended them, if one did.
template <class Framing>
Task<Result<Texts>> read_all(PipeStream& stream, Framing framing) {
    FrameReader reader(stream, framing);
    Texts payloads;
    while (true) {
        auto frame = co_await reader.read();
        if (!frame) {
            payloads.push_back(frame.error().message());
            break;
        }
        if (!*frame) break;
        payloads.emplace_back(text_of((*frame)->payload));
    }
    co_return payloads;
}

template <class Framing>
Task<Texts> through_pipe(std::string text, std::size_t step, std::size_t capacity,
                         Framing framing) {
    Pipe pipe(capacity);
    auto both = co_await all_of(write_in_steps(std::move(pipe.left), std::move(text), step),
                                read_all(pipe.right, framing));
    co_return both ? both->template get<1>() : Texts{both.error().message()};
}

TEST_F(Frames, F99_AreTheSameHoweverTheStreamIsCut) {
    const std::string text("\3one\0\5three", 11);
    for (std::size_t step = 1; step <= text.size(); ++step) {
        for (const std::size_t capacity : {1, 3, 1000}) {
            EXPECT_EQ(run(loop(), through_pipe(text, step, capacity, LengthPrefix{.width = 1})),
                      (Texts{"one", "", "three"}))
                << step << " at a time through " << capacity;
            EXPECT_EQ(
                run(loop(), through_pipe("a\r\n\r\nbc\r\n", step, capacity, Delimiter("\r\n"))),
                (Texts{"a", "", "bc"}))
                << step << " at a time through " << capacity;
        }
    }
}

TEST_F(Frames, OfAnEmptyStreamThereAreNone) {
    EXPECT_EQ(run(loop(), through_pipe("", 1, 1, LengthPrefix{})), Texts());
    EXPECT_EQ(run(loop(), through_pipe("", 1, 1, Delimiter())), Texts());
}

TEST_F(Frames, C3_AStreamThatEndsInsideAFrameIsAnError) {
    const std::string text("\3one\3tw", 7);
    const std::string ended = "frame: the stream ended inside a frame: ";
    const auto read = [&](std::size_t size) {
        return run(loop(), through_pipe(text.substr(0, size), 2, 64, LengthPrefix{.width = 1}));
    };
    EXPECT_EQ(read(5), (Texts{"one", ended + "1 byte had come, 3 were missing"}));
    EXPECT_EQ(read(6), (Texts{"one", ended + "2 bytes had come, 2 were missing"}));
    EXPECT_EQ(read(7), (Texts{"one", ended + "3 bytes had come, 1 was missing"}));
    EXPECT_EQ(run(loop(), through_pipe("one\ntwo", 3, 64, Delimiter())),
              (Texts{"one", ended + "3 bytes had come, the text that ends it was missing"}));
    EXPECT_EQ(run(loop(), through_pipe("sixteen bytes...some", 3, 64, FixedSize(16))),
              (Texts{"sixteen bytes...", ended + "4 bytes had come, 12 were missing"}));
    EXPECT_EQ(run(loop(), through_pipe(std::string(3, '\0'), 3, 64, Checksummed())),
              (Texts{ended + "3 bytes had come, at least 5 were missing"}));
}

TEST_F(Frames, F98_TooLongAFrameIsAnErrorBehindTheGoodOnes) {
    const std::string text("\3one\x65", 5);
    EXPECT_EQ(run(loop(), through_pipe(text, 100, 100, LengthPrefix{.width = 1, .limit = 100})),
              (Texts{"one", "frame: a payload of 101 bytes is over the limit of 100"}));
    EXPECT_EQ(run(loop(), through_pipe("one\n" + std::string(65537, 'x'), 4096, 5000, Delimiter())),
              (Texts{"one", "frame: no end within the limit of 65536 bytes"}));
}

Task<void> error_stays(Loop&) {
    Pipe pipe;
    auto put = co_await pipe.left.write_all(bytes_of("\x65"));
    EXPECT_TRUE(put);
    FrameReader reader(pipe.right, LengthPrefix{.width = 1, .limit = 100});
    for (int round = 0; round < 2; ++round) {
        auto frame = co_await reader.read();
        EXPECT_EQ(frame.error().cause(), Cause::limit);
    }
}

TEST_F(Frames, F98_AStreamThatBrokeTheLimitStaysBroken) { run(loop(), error_stays(loop())); }

Task<void> many_at_once() {
    constexpr std::size_t kCount = 1000;
    Pipe pipe;
    {
        FrameWriter writer(pipe.left, LengthPrefix{.width = 1, .has_type = true});
        for (std::size_t count = 0; count < kCount; ++count) {
            EXPECT_TRUE(writer.add(bytes_of(std::to_string(count)),
                                   static_cast<std::uint8_t>(count % 256)));
        }
        auto sent = co_await writer.flush();
        EXPECT_TRUE(sent);
        EXPECT_TRUE(pipe.left.shutdown_write());
    }
    FrameReader reader(pipe.right, LengthPrefix{.width = 1, .has_type = true});
    for (std::size_t count = 0; count < kCount; ++count) {
        auto frame = co_await reader.read();
        EXPECT_EQ(text_of((*frame)->payload), std::to_string(count));
        EXPECT_EQ((*frame)->type, count % 256);
    }
    auto last = co_await reader.read();
    EXPECT_TRUE(last.has_value() && !last->has_value());
    auto again = co_await reader.read();
    EXPECT_TRUE(again.has_value() && !again->has_value());
}

TEST_F(Frames, ManyOfOneReceiveAreGivenOneByOneThenTheEndAsOftenAsAsked) {
    run(loop(), many_at_once());
}

Task<Result<void>> write_one(PipeStream stream, std::size_t size) {
    FrameWriter writer(stream, LengthPrefix{});
    co_return co_await writer.write(some_bytes(size, 3));
}

Task<void> large(std::size_t size, std::size_t capacity) {
    Pipe pipe(capacity);
    auto both = co_await all_of(write_one(std::move(pipe.left), size),
                                read_all(pipe.right, LengthPrefix{}));
    EXPECT_TRUE(both);
    EXPECT_EQ(both->get<1>(), Texts{some_text(size, 3)});
}

TEST_F(Frames, OneThatIsLargerThanAllBuffersArrivesWhole) {
    run(loop(), large(100'000, 1000));
    run(loop(), large(1 << 20, 64));
}

Task<void> payload_stays() {
    Pipe pipe;
    auto put = co_await pipe.left.write_all(bytes_of(std::string_view("\1a\1b", 4)));
    EXPECT_TRUE(put);
    FrameReader reader(pipe.right, LengthPrefix{.width = 1});
    auto first = co_await reader.read();
    const Bytes payload = (*first)->payload;
    put = co_await pipe.left.write_all(bytes_of("\1c"));
    EXPECT_TRUE(put);
    EXPECT_EQ(text_of(payload), "a") << "good until the next read";
    auto second = co_await reader.read();
    EXPECT_EQ(text_of((*second)->payload), "b");
}

TEST_F(Frames, APayloadIsGoodUntilTheNextRead) { run(loop(), payload_stays()); }

Task<void> interrupted() {
    Pipe pipe;
    FrameReader reader(pipe.right, LengthPrefix{.width = 1});
    auto put = co_await pipe.left.write_all(bytes_of("\5fi"));
    EXPECT_TRUE(put);
    auto none = co_await within(10ms, reader.read());
    EXPECT_TRUE(none.error().is_deadline());
    EXPECT_EQ(none.error().message(), "read: the time limit ran out");
    put = co_await pipe.left.write_all(bytes_of("rst"));
    EXPECT_TRUE(put);
    auto frame = co_await reader.read();
    EXPECT_EQ(text_of((*frame)->payload), "first");
}

TEST_F(Frames, AReadThatWasCutOffByItsDeadlineLosesNothing) { run(loop(), interrupted()); }

Task<void> refused() {
    Pipe pipe;
    FrameWriter writer(pipe.left, LengthPrefix{.width = 1});
    EXPECT_TRUE(writer.add(bytes_of("good")));
    auto added = writer.add(some_bytes(256));
    EXPECT_EQ(added.error().message(), "frame: a payload of 256 bytes is over the limit of 255");
    auto written = co_await writer.write(some_bytes(300));
    EXPECT_EQ(written.error().message(), "frame: a payload of 300 bytes is over the limit of 255");
    auto sent = co_await writer.flush();
    EXPECT_EQ(sent.bytes_moved(), 5u) << "what was refused is not sent in part";
    sent = co_await writer.flush();
    EXPECT_EQ(sent.bytes_moved(), 0u);
    FrameReader reader(pipe.right, LengthPrefix{.width = 1});
    auto frame = co_await reader.read();
    EXPECT_EQ(text_of((*frame)->payload), "good");
}

TEST_F(Frames, OneThatMayNotBeSentLeavesTheOthersAsTheyWere) { run(loop(), refused()); }

Task<void> peer_has_gone() {
    Pipe pipe;
    pipe.right.close();
    FrameWriter writer(pipe.left, LengthPrefix{});
    auto written = co_await writer.write(bytes_of("x"));
    EXPECT_TRUE(written.error().is(EPIPE));
    FrameReader reader(pipe.left, LengthPrefix{});
    auto frame = co_await reader.read();
    EXPECT_TRUE(frame.has_value() && !frame->has_value());
}

TEST_F(Frames, ErrorsOfTheStreamComeThrough) { run(loop(), peer_has_gone()); }

}  // namespace
}  // namespace fivetuple::testing_help
