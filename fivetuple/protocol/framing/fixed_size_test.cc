#include "fivetuple/protocol/framing/fixed_size.h"

#include "tests/testing/testing.h"

namespace fivetuple {
namespace {

TEST(FixedSize, C3_AFrameIsThereWhenAllOfItIs) {
    const FixedSize framing(4);
    for (std::size_t come = 0; come < 4; ++come) {
        const auto none = framing.find(bytes_of("abcdefgh").first(come));
        EXPECT_TRUE(none.has_value() && !none->has_value());
        EXPECT_EQ(framing.needed(bytes_of("abcdefgh").first(come)), 4u);
    }
    for (std::size_t come = 4; come <= 8; ++come) {
        const auto frame = framing.find(bytes_of("abcdefgh").first(come));
        ASSERT_TRUE(frame.has_value() && frame->has_value());
        EXPECT_EQ(text_of((*frame)->payload), "abcd");
        EXPECT_EQ((*frame)->size, 4u);
        EXPECT_EQ((*frame)->type, 0);
    }
}

TEST(FixedSize, NothingGoesAroundAPayload) {
    const auto borders = FixedSize(4).enclose(bytes_of("abcd"));
    ASSERT_TRUE(borders.has_value());
    EXPECT_TRUE(borders->front().empty());
    EXPECT_TRUE(borders->trailer.empty());
}

TEST(FixedSize, C3_APayloadOfAnotherSizeIsRefused) {
    for (const char* payload : {"", "abc", "abcde"}) {
        const auto borders = FixedSize(4).enclose(bytes_of(payload));
        ASSERT_FALSE(borders.has_value());
        EXPECT_EQ(borders.error().cause(), Cause::malformed);
    }
    EXPECT_EQ(FixedSize(4).enclose(bytes_of("abc")).error().message(),
              "frame: a frame has 4 bytes here, the payload has 3");
}

TEST(FixedSize, C3_AnEndInsideAFrameSaysWhatIsMissing) {
    const Error error = FixedSize(4).truncated(bytes_of("abc"));
    EXPECT_EQ(error.cause(), Cause::ended);
    EXPECT_EQ(error.message(),
              "frame: the stream ended inside a frame: 3 bytes had come, 1 was missing");
}

TEST(FixedSizeDeathTest, NoBytesAtAllAreAMistakeOfTheProgram) {
    EXPECT_DEATH(FixedSize(0), "for ever");
}

TEST(FixedSizeDeathTest, ATypeThatNobodyCouldReadIsAMistakeOfTheProgram) {
    EXPECT_DEATH(static_cast<void>(FixedSize(1).enclose(bytes_of("a"), 7).has_value()), "no type");
}

}  // namespace
}  // namespace fivetuple
