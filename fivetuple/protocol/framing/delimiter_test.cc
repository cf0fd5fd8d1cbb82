#include "fivetuple/protocol/framing/delimiter.h"

#include "tests/testing/testing.h"
#include <string>
#include <vector>

namespace fivetuple {
namespace {

// The frames of `text`, of which `step` bytes come at a time; the last entry is what is left over,
// or the error.
std::vector<std::string> frames_of(std::string_view text, Delimiter framing, std::size_t step) {
    std::vector<std::string> frames;
    std::size_t begin = 0;
    for (std::size_t come = std::min(step, text.size());;
         come = std::min(come + step, text.size())) {
        while (true) {
            const auto frame = framing.find(bytes_of(text.substr(begin, come - begin)));
            if (!frame) {
                frames.push_back(frame.error().message());
                return frames;
            }
            if (!*frame) break;
            frames.emplace_back(text_of((*frame)->payload));
            EXPECT_EQ((*frame)->size, frames.back().size() + framing.text().size());
            begin += (*frame)->size;
        }
        if (come == text.size()) break;
    }
    frames.emplace_back(text.substr(begin));
    return frames;
}

void expect_frames(std::string_view text, const Delimiter& framing,
                   const std::vector<std::string>& frames) {
    for (std::size_t step = 1; step <= text.size() + 1; ++step) {
        EXPECT_EQ(frames_of(text, framing, step), frames) << step << " bytes at a time";
    }
}

TEST(Delimiter, F99_FramesAreTheSameHoweverTheyAreCut) {
    expect_frames("one\ntwo\n\nthree", Delimiter(), {"one", "two", "", "three"});
    expect_frames("a\r\nb\rc\nd\r\r\n\r", Delimiter("\r\n"), {"a", "b\rc\nd\r", "\r"});
    expect_frames("", Delimiter(), {""});
    expect_frames("\n", Delimiter(), {"", ""});
    const std::string_view zeros("x\0\0y\0", 5);
    expect_frames(zeros, Delimiter(std::string(1, '\0')), {"x", "", "y", ""});
}

TEST(Delimiter, OneThatOverlapsItselfIsFoundWhereItComesFirst) {
    expect_frames("aaabaaaa", Delimiter("aa"), {"", "ab", "", ""});
    expect_frames("abaababab", Delimiter("abab"), {"aba", "ab"});
}

TEST(Delimiter, F100_AnEndThatNeverComesIsMissedAtTheLimit) {
    const std::string error = "frame: no end within the limit of 5 bytes";
    expect_frames("12345\n1234\n", Delimiter("\n", 5), {"12345", "1234", ""});
    expect_frames("12345", Delimiter("\n", 5), {"12345"});
    expect_frames("123456", Delimiter("\n", 5), {error});
    expect_frames("ok\n123456\n", Delimiter("\n", 5), {"ok", error});
    expect_frames("x", Delimiter("\n", 0), {"frame: no end within the limit of 0 bytes"});
    expect_frames("\n\n", Delimiter("\n", 0), {"", "", ""});
}

TEST(Delimiter, F100_BytesThatMayBeginTheEndDoNotCountYet) {
    const std::string error = "frame: no end within the limit of 5 bytes";
    expect_frames("12345\r\n", Delimiter("\r\n", 5), {"12345", ""});
    expect_frames("12345\r", Delimiter("\r\n", 5), {"12345\r"});
    expect_frames("12345\rx", Delimiter("\r\n", 5), {error});
    expect_frames("12345--en", Delimiter("--end", 5), {"12345--en"});
    expect_frames("12345--enx", Delimiter("--end", 5), {error});
}

TEST(Delimiter, ALimitAsHighAsCanBeIsNone) {
    expect_frames("some\r\nmore", Delimiter("\r\n", SIZE_MAX), {"some", "more"});
}

TEST(Delimiter, C3_TheErrorIsALimit) {
    const auto frame = Delimiter("\n", 1).find(bytes_of("abc"));
    ASSERT_FALSE(frame.has_value());
    EXPECT_EQ(frame.error().cause(), Cause::limit);
}

TEST(Delimiter, AsksForAtLeastOneByteMoreThanThereAre) {
    EXPECT_EQ(Delimiter().needed({}), 1u);
    EXPECT_EQ(Delimiter().needed(bytes_of("abc")), 4u);
}

TEST(Delimiter, F100_AFrameThatComesByteByByteCostsNoMoreThanItsLength) {
    // Were all of it looked at each time, this would be 2 * 10^10 steps.
    constexpr std::size_t kSize = 200'000;
    const std::string text = std::string(kSize, 'x') + "\n";
    Delimiter framing("\n", kSize);
    for (std::size_t come = 1; come <= kSize; ++come) {
        const auto frame = framing.find(bytes_of(text).first(come));
        ASSERT_TRUE(frame.has_value());
        ASSERT_FALSE(frame->has_value());
    }
    const auto frame = framing.find(bytes_of(text));
    ASSERT_TRUE(frame.has_value() && frame->has_value());
    EXPECT_EQ((*frame)->payload.size(), kSize);
}

TEST(DelimiterDeathTest, OneWithoutATextIsAMistakeOfTheProgram) {
    EXPECT_DEATH(Delimiter(""), "no text at all");
}

}  // namespace
}  // namespace fivetuple
