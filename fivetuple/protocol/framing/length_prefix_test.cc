#include "fivetuple/protocol/framing/length_prefix.h"

#include "tests/testing/testing.h"
#include <string>
#include <vector>

namespace fivetuple {
namespace {

// A frame as its sender writes it.
std::string written(const LengthPrefix& framing, std::string_view payload, std::uint8_t type = 0) {
    std::string bytes(framing.header_size(), '\0');
    const auto room = std::as_writable_bytes(std::span(bytes));
    EXPECT_TRUE(framing.put_header(room, payload.size(), type).has_value());
    return bytes.append(payload);
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const char each : bytes) {
        const auto byte = static_cast<unsigned char>(each);
        text += {kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return text;
}

std::string error_of(const auto& result) { return result ? "none" : result.error().message(); }

const LengthPrefix kKinds[] = {
    {.width = 1},
    {.width = 2},
    {.width = 4},
    {.width = 8},
    {.width = 1, .has_type = true},
    {.width = 2, .order = ByteOrder::little, .has_type = true},
    {.width = 4, .order = ByteOrder::little},
    {.width = 8, .order = ByteOrder::little, .has_type = true},
};

TEST(LengthPrefix, C3_IsWrittenAsTheProtocolsWriteIt) {
    EXPECT_EQ(hex(written({.width = 1}, "abc")), "03616263");
    EXPECT_EQ(hex(written({.width = 2}, "abc")), "0003616263");
    EXPECT_EQ(hex(written({}, "abc")), "00000003616263");
    EXPECT_EQ(hex(written({.width = 8}, "abc")), "0000000000000003616263");
    EXPECT_EQ(hex(written({.order = ByteOrder::little}, "abc")), "03000000616263");
    EXPECT_EQ(hex(written({.width = 2, .has_type = true}, "abc", 0xfe)), "0003fe616263");
}

TEST(LengthPrefix, F99_AFrameIsTheSameHoweverItIsCut) {
    for (const LengthPrefix& framing : kKinds) {
        for (const std::size_t size : {0, 1, 2, 200}) {
            const std::string payload = testing_help::some_text(size);
            const std::string bytes = written(framing, payload, 7) + "next";
            const std::size_t whole = framing.header_size() + size;
            for (std::size_t come = 0; come <= bytes.size(); ++come) {
                const Bytes part = bytes_of(bytes).first(come);
                const auto frame = framing.find(part);
                ASSERT_TRUE(frame.has_value());
                ASSERT_EQ(frame->has_value(), come >= whole) << come;
                if (!*frame) {
                    EXPECT_GT(framing.needed(part), come);
                    EXPECT_LE(framing.needed(part), whole);
                    continue;
                }
                EXPECT_EQ(text_of((*frame)->payload), payload);
                EXPECT_EQ((*frame)->type, framing.has_type ? 7 : 0);
                EXPECT_EQ((*frame)->size, whole);
            }
        }
    }
}

TEST(LengthPrefix, OnceTheLengthHasComeItSaysExactlyHowMuchIsNeeded) {
    const LengthPrefix framing{.width = 2, .has_type = true};
    EXPECT_EQ(framing.needed({}), 3u);
    EXPECT_EQ(framing.needed(bytes_of("\1")), 3u);
    EXPECT_EQ(framing.needed(bytes_of(std::string_view("\1\0", 2))), 3u + 256u);
}

TEST(LengthPrefix, F98_ALengthOverTheLimitIsRefusedAsSoonAsItIsRead) {
    const LengthPrefix framing{.limit = 100};
    EXPECT_TRUE(framing.find(bytes_of(std::string_view("\0\0\0\x64", 4))).has_value());
    EXPECT_EQ(error_of(framing.find(bytes_of(std::string_view("\0\0\0\x65", 4)))),
              "frame: a payload of 101 bytes is over the limit of 100");
    EXPECT_EQ(error_of(framing.find(bytes_of("\xff\xff\xff\xff"))),
              "frame: a payload of 4294967295 bytes is over the limit of 100");
    EXPECT_EQ(framing.find(bytes_of("\xff\xff\xff\xff")).error().cause(), Cause::limit);
    // Nobody makes room for what will be refused.
    EXPECT_EQ(framing.needed(bytes_of("\xff\xff\xff\xff")), 104u);
}

TEST(LengthPrefix, F98_TheHighestBitOfALengthIsNoSign) {
    const LengthPrefix framing{.width = 8};
    EXPECT_EQ(error_of(framing.find(bytes_of("\xff\xff\xff\xff\xff\xff\xff\xff"))),
              "frame: a payload of 18446744073709551615 bytes is over the limit of 1048576");
    EXPECT_EQ(error_of(framing.find(bytes_of(std::string_view("\x80\0\0\0\0\0\0\0", 8)))),
              "frame: a payload of 9223372036854775808 bytes is over the limit of 1048576");
}

TEST(LengthPrefix, F98_WithoutALimitToSpeakOfNoSumOverflows) {
    for (const bool has_type : {false, true}) {
        const LengthPrefix framing{.width = 8, .has_type = has_type, .limit = SIZE_MAX};
        const std::string bytes = std::string(8, '\xff') + "some";
        const auto frame = framing.find(bytes_of(bytes));
        ASSERT_TRUE(frame.has_value());
        EXPECT_FALSE(frame->has_value());
        EXPECT_EQ(framing.needed(bytes_of(bytes)), SIZE_MAX);
    }
}

TEST(LengthPrefix, AFrameOfNothingIsAFrame) {
    const auto frame =
        LengthPrefix{.width = 1, .limit = 0}.find(bytes_of(std::string_view("\0", 1)));
    ASSERT_TRUE(frame.has_value() && frame->has_value());
    EXPECT_TRUE((*frame)->payload.empty());
    EXPECT_EQ((*frame)->size, 1u);
}

TEST(LengthPrefix, WhatTheLimitOrTheWidthDoesNotAllowIsNotWritten) {
    std::vector<std::byte> room(16);
    EXPECT_EQ(error_of(LengthPrefix{.limit = 10}.put_header(room, 11)),
              "frame: a payload of 11 bytes is over the limit of 10");
    EXPECT_EQ(error_of(LengthPrefix{.width = 1}.put_header(room, 256)),
              "frame: a payload of 256 bytes is over the limit of 255");
    EXPECT_EQ(error_of(LengthPrefix{.width = 2}.put_header(room, 65536)),
              "frame: a payload of 65536 bytes is over the limit of 65535");
    EXPECT_EQ(error_of(LengthPrefix{.width = 4, .limit = SIZE_MAX}.put_header(
                  room, std::size_t{1} << 32)),
              "frame: a payload of 4294967296 bytes is over the limit of 4294967295");
    EXPECT_EQ(error_of(LengthPrefix{.width = 1}.put_header(room, 255)), "none");
    EXPECT_EQ(error_of(LengthPrefix{.width = 2}.put_header(room, 65535)), "none");
    EXPECT_EQ(error_of(LengthPrefix{.width = 8, .limit = SIZE_MAX}.put_header(room, SIZE_MAX)),
              "none");
}

TEST(LengthPrefixDeathTest, AWidthThatIsNoneIsAMistakeOfTheProgram) {
    const LengthPrefix framing{.width = 3};
    EXPECT_DEATH(static_cast<void>(framing.find(bytes_of("abcd")).has_value()), "1, 2, 4 or 8");
}

}  // namespace
}  // namespace fivetuple
