#include "fivetuple/base/random.h"
#include "fivetuple/protocol/framing/checksummed.h"
#include "fivetuple/protocol/framing/delimiter.h"
#include "fivetuple/protocol/framing/fixed_size.h"
#include "fivetuple/protocol/framing/frames.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/run.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/pipe.h"

#include "tests/testing/quiet_loop.h"
#include <string>
#include <vector>

// What is true of every framing: what a writer writes a reader reads, however the stream is cut.
namespace fivetuple::testing_help {
namespace {

using namespace std::chrono_literals;

struct Message {
    std::string payload;
    std::uint8_t type = 0;
    bool operator==(const Message&) const = default;
};
using Messages = std::vector<Message>;

// Messages that a framing of this kind can carry, of all sizes about its borders.
Messages some_messages(std::uint64_t seed, std::size_t longest, bool has_type, bool same_size) {
    Random random(seed);
    Messages messages;
    messages.reserve(60);
    for (int count = 0; count < 60; ++count) {
        auto size = static_cast<std::size_t>(random.below(longest + 1));
        if (count % 7 == 0) size = 0;
        if (count % 7 == 1 || same_size) size = longest;
        const auto type = static_cast<std::uint8_t>(has_type ? random.below(256) : 0);
        std::string payload = some_text(size, random.next());
        for (char& each : payload) {
            if (each == '\n' || each == '\r') each = '.';
        }
        messages.push_back({std::move(payload), type});
    }
    return messages;
}

template <class Framing>
std::string written(const Messages& messages, const Framing& framing) {
    FrameQueue queue;
    for (const Message& each : messages) {
        const auto borders = framing.enclose(bytes_of(each.payload), each.type);
        EXPECT_TRUE(borders.has_value());
        queue.add(*borders, bytes_of(each.payload));
    }
    std::string text;
    for (const Bytes piece : queue.pieces()) text += text_of(piece);
    return text;
}

constexpr std::size_t kMostPieces = 1000;

// In pieces of random sizes, and sometimes a pause between them.
Task<Result<void>> write_at_random(PipeStream stream, Bytes bytes, std::uint64_t seed) {
    Random random(seed);
    // Pieces of about one size, from a byte on, but not too many of them.
    const std::uint64_t longest =
        std::max(std::uint64_t{1} << random.below(13), bytes.size() / kMostPieces);
    while (!bytes.empty()) {
        const auto wish = static_cast<std::size_t>(random.below(longest) + 1);
        const std::size_t size = std::min(wish, bytes.size());
        auto put = co_await stream.write_all(bytes.first(size));
        if (!put) co_return std::unexpected(std::move(put).error());
        bytes = bytes.subspan(size);
        if (random.below(3) == 0) FT_CO_TRY_VOID(co_await yield());
    }
    co_return {};
}

template <class Framing>
Task<Result<Messages>> read_all(PipeStream& stream, Framing framing) {
    FrameReader reader(stream, framing);
    Messages messages;
    while (true) {
        FT_CO_TRY(const auto frame, co_await reader.read());
        if (!frame) co_return messages;
        messages.push_back({std::string(text_of(frame->payload)), frame->type});
    }
}

template <class Framing>
Task<Result<Messages>> through_pipe(std::string text, Framing framing, std::uint64_t seed) {
    Pipe pipe(static_cast<std::size_t>(Random(seed).below(5000)) + 1);
    auto both = co_await all_of(write_at_random(std::move(pipe.left), bytes_of(text), seed),
                                read_all(pipe.right, framing));
    if (!both) co_return std::unexpected(std::move(both).error());
    co_return std::move(both->template get<1>());
}

class FrameForms : public QuietTest {
protected:
    template <class Framing>
    void expect_same_however_cut(const Messages& messages, const Framing& framing) {
        const std::string text = written(messages, framing);
        for (std::uint64_t seed = 1; seed <= 12; ++seed) {
            auto got = run(loop(), through_pipe(text, framing, seed));
            ASSERT_TRUE(got.has_value()) << got.error().message();
            ASSERT_TRUE(*got == messages) << "cut by seed " << seed;
        }
    }
};

TEST_F(FrameForms, C3_F99_EveryLengthPrefixIsReadAsItWasWritten) {
    for (const std::size_t width : {1, 2, 4, 8}) {
        for (const auto order : {ByteOrder::big, ByteOrder::little}) {
            for (const bool has_type : {false, true}) {
                const std::size_t longest = width == 1 ? 255 : 3000;
                expect_same_however_cut(
                    some_messages(width, longest, has_type, false),
                    LengthPrefix{.width = width, .order = order, .has_type = has_type});
            }
        }
    }
}

TEST_F(FrameForms, C3_F99_EveryChecksummedFrameIsReadAsItWasWritten) {
    for (const std::size_t width : {1, 2, 4, 8}) {
        for (const auto order : {ByteOrder::big, ByteOrder::little}) {
            for (const bool sums_header : {false, true}) {
                expect_same_however_cut(some_messages(width, 255, true, false),
                                        Checksummed{.width = width,
                                                    .order = order,
                                                    .has_type = true,
                                                    .sums_header = sums_header});
            }
        }
    }
    expect_same_however_cut(some_messages(5, 30'000, false, false), Checksummed());
}

TEST_F(FrameForms, C3_F99_LinesAreReadAsTheyWereWritten) {
    expect_same_however_cut(some_messages(1, 200, false, false), Delimiter());
    expect_same_however_cut(some_messages(2, 3000, false, false), Delimiter("\r\n"));
    expect_same_however_cut(some_messages(3, 3000, false, false), Delimiter("\r\n--end--\r\n"));
}

TEST_F(FrameForms, C3_F99_FixedSizesAreReadAsTheyWereWritten) {
    for (const std::size_t size : {1, 2, 16, 4095, 20'000}) {
        expect_same_however_cut(some_messages(size, size, false, true), FixedSize(size));
    }
}

TEST(FrameDelimiter, C3_APayloadInWhichTheEndWouldBeFoundIsRefused) {
    const auto refused = [](const char* text, std::string_view payload) {
        const auto borders = Delimiter(text).enclose(bytes_of(payload));
        return borders ? std::string("no") : borders.error().message();
    };
    const std::string found = "frame: the text that ends a frame would be found after ";
    EXPECT_EQ(refused("\n", "line"), "no");
    EXPECT_EQ(refused("\n", "li\nne"), found + "2 of the payload's 5 bytes");
    EXPECT_EQ(refused("\r\n", "line\r"), "no");
    // Here its last bytes and the end's first ones make an end.
    EXPECT_EQ(refused("aa", "xa"), found + "1 of the payload's 2 bytes");
    EXPECT_EQ(refused("abab", "xab"), found + "1 of the payload's 3 bytes");
    EXPECT_EQ(refused("abab", "xaba"), "no");
    EXPECT_EQ(refused("aaa", "aa"), found + "0 of the payload's 2 bytes");
    EXPECT_EQ(Delimiter("\n", 3).enclose(bytes_of("four")).error().cause(), Cause::limit);
}

// Every short text over two letters: what enclose() takes is found again, and what it refuses would
// not be.
TEST(FrameDelimiter, C3_WhatIsTakenIsFoundAgainAndNothingElse) {
    for (const char* text : {"a", "aa", "ab", "aba", "aab", "abab", "aaaa"}) {
        for (unsigned size = 0; size <= 6; ++size) {
            for (unsigned bits = 0; bits < (1u << size); ++bits) {
                std::string payload(size, 'a');
                for (unsigned at = 0; at < size; ++at) {
                    if ((bits >> at & 1) != 0) payload[at] = 'b';
                }
                const auto found = Delimiter(text).find(bytes_of(payload + text));
                ASSERT_TRUE(found.has_value() && found->has_value());
                const bool is_same = (*found)->payload.size() == size;
                EXPECT_EQ(Delimiter(text).enclose(bytes_of(payload)).has_value(), is_same)
                    << payload << " before " << text;
            }
        }
    }
}

Task<void> damaged() {
    Pipe pipe;
    FrameWriter writer(pipe.left, Checksummed{.width = 1});
    EXPECT_TRUE(writer.add(bytes_of("good")));
    EXPECT_TRUE(writer.add(bytes_of("bad")));
    auto sent = co_await writer.flush();
    EXPECT_TRUE(sent);
    std::vector<std::byte> bytes(*sent);
    auto got = co_await pipe.right.read_exact(bytes);
    EXPECT_TRUE(got);
    bytes.back() ^= std::byte{1};
    auto put = co_await pipe.right.write_all(bytes);
    EXPECT_TRUE(put);
    FrameReader reader(pipe.left, Checksummed{.width = 1});
    auto frame = co_await reader.read();
    EXPECT_EQ(text_of((*frame)->payload), "good");
    for (int round = 0; round < 2; ++round) {
        frame = co_await reader.read();
        EXPECT_EQ(frame.error().cause(), Cause::malformed) << "it stays damaged";
    }
}

TEST_F(FrameForms, C3_DamageIsAnErrorBehindTheGoodOnes) { run(loop(), damaged()); }

Task<void> lent() {
    Pipe pipe(100'000);
    FrameWriter writer(pipe.left, LengthPrefix{.width = 2});
    std::string payload = some_text(10'000);
    EXPECT_TRUE(writer.add(bytes_of("copied")));
    EXPECT_TRUE(writer.lend(bytes_of(payload)));
    EXPECT_EQ(writer.waiting(), 10'010u);
    const std::string before = payload;
    payload[0] = static_cast<char>(payload[0] ^ 1);  // It is looked at only when it is sent.
    auto sent = co_await writer.flush();
    EXPECT_EQ(sent.bytes_moved(), 10'010u);
    EXPECT_EQ(writer.waiting(), 0u);
    FrameReader reader(pipe.right, LengthPrefix{.width = 2});
    auto frame = co_await reader.read();
    EXPECT_EQ(text_of((*frame)->payload), "copied");
    frame = co_await reader.read();
    EXPECT_EQ(text_of((*frame)->payload), payload);
    EXPECT_NE(payload, before);
}

TEST_F(FrameForms, ALentPayloadIsNotCopied) { run(loop(), lent()); }

Task<Result<void>> finish(FrameWriter<PipeStream, LengthPrefix>& writer, PipeStream& stream) {
    auto sent = co_await writer.flush();
    if (!sent) co_return std::unexpected(std::move(sent).error());
    co_return stream.shutdown_write();
}

Task<void> write_goes_on() {
    Pipe pipe(1000);
    FrameWriter writer(pipe.left, LengthPrefix{});
    std::string payload = some_text(20'000);
    const std::string whole = payload;
    auto written = co_await within(10ms, writer.write(bytes_of(payload)));
    EXPECT_TRUE(written.error().is_deadline());
    EXPECT_EQ(writer.waiting(), 20'004u - 1000u);
    payload.assign(payload.size(), '!');  // Its owner has it back.
    auto both = co_await all_of(finish(writer, pipe.left), read_all(pipe.right, LengthPrefix{}));
    EXPECT_TRUE(both.has_value());
    const Messages expected = {{whole, 0}};
    EXPECT_TRUE(both->get<1>() == expected);
}

TEST_F(FrameForms, AWriteThatWasCutOffByItsDeadlineGoesOnWhereItStopped) {
    run(loop(), write_goes_on());
}

Task<void> already_come() {
    Pipe pipe;
    auto put = co_await pipe.left.write_all(bytes_of("one\ntwo\nthree\nHTTP/1.1"));
    EXPECT_TRUE(put);
    FrameReader reader(pipe.right, Delimiter());
    auto none = reader.next_that_has_come();
    EXPECT_TRUE(none.has_value() && !none->has_value()) << "nobody has asked the stream";
    auto frame = co_await reader.read();
    EXPECT_EQ(text_of((*frame)->payload), "one");
    for (const char* text : {"two", "three"}) {
        auto next = reader.next_that_has_come();
        EXPECT_EQ(text_of((*next)->payload), text);
    }
    none = reader.next_that_has_come();
    EXPECT_TRUE(none.has_value() && !none->has_value());
    EXPECT_EQ(text_of(reader.rest()), "HTTP/1.1");
}

TEST_F(FrameForms, ThoseThatHaveComeAreToBeHadWithoutWaitingAndTheRestAsWell) {
    run(loop(), already_come());
}

// A framing of somebody else's: letters up to a capital one.
struct Words {
    Result<std::optional<Frame>> find(Bytes bytes) const {
        const std::string_view text = text_of(bytes);
        const std::size_t end = text.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (end == text.npos) return std::nullopt;
        return Frame{bytes.first(end), 0, end + 1};
    }
    std::size_t needed(Bytes bytes) const { return bytes.size() + 1; }
};

Task<void> own_framing() {
    Pipe pipe;
    auto put = co_await pipe.left.write_all(bytes_of("oneXtwoYthr"));
    EXPECT_TRUE(put);
    EXPECT_TRUE(pipe.left.shutdown_write());
    FrameReader reader(pipe.right, Words());
    for (const char* word : {"one", "two"}) {
        auto frame = co_await reader.read();
        EXPECT_EQ(text_of((*frame)->payload), word);
    }
    auto frame = co_await reader.read();
    EXPECT_EQ(frame.error().message(),
              "frame: the stream ended inside a frame: 3 bytes had come, at least 1 was missing");
}

TEST_F(FrameForms, AFramingOfOnesOwnIsTwoFunctions) { run(loop(), own_framing()); }

TEST(FrameInput, F98_MemoryFollowsWhatHasComeNotWhatWasAnnounced) {
    constexpr std::size_t kAnnounced = std::size_t{1} << 30;
    FrameInput input(LengthPrefix{.limit = kAnnounced});
    std::vector<std::byte> header(4);
    EXPECT_TRUE(LengthPrefix{.limit = kAnnounced}.put_header(header, kAnnounced).has_value());
    MutableBytes room = input.room();
    std::ranges::copy(header, room.begin());
    input.filled(header.size());
    std::size_t come = header.size();
    while (come < 1'000'000) {
        const auto none = input.next();
        ASSERT_TRUE(none.has_value() && !none->has_value());
        room = input.room();
        ASSERT_LE(room.size(), come + 65536);
        input.filled(room.size());
        come += room.size();
    }
}

}  // namespace
}  // namespace fivetuple::testing_help
