#include "fivetuple/protocol/framing/checksummed.h"

#include "tests/testing/testing.h"
#include <string>

namespace fivetuple {
namespace {

std::string written(const Checksummed& framing, std::string_view payload, std::uint8_t type = 0) {
    const auto borders = framing.enclose(bytes_of(payload), type);
    EXPECT_TRUE(borders.has_value());
    EXPECT_EQ(borders->header_size, framing.header_size());
    return std::string(text_of(borders->front())).append(payload);
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

const Checksummed kKinds[] = {
    {.width = 1},
    {.width = 2, .has_type = true},
    {},
    {.width = 8, .has_type = true},
    {.width = 4, .order = ByteOrder::little},
    {.width = 2, .order = ByteOrder::little, .has_type = true, .sums_header = false},
    {.width = 8, .sums_header = false},
};

TEST(Checksummed, C3_IsWrittenAsItsDescriptionSays) {
    // The sum of "123456789" is e3069283, as the standard has it.
    EXPECT_EQ(hex(written({.width = 2, .sums_header = false}, "123456789")),
              "0009e3069283313233343536373839");
    EXPECT_EQ(
        hex(written({.width = 2, .order = ByteOrder::little, .sums_header = false}, "123456789")),
        "0900839206e3313233343536373839");
    EXPECT_EQ(hex(written({.width = 1, .has_type = true, .sums_header = false}, "123456789", 5)),
              "0905e3069283313233343536373839");
    // And that of four zero bytes 48674bc7: the length alone.
    EXPECT_EQ(hex(written({}, "")), "0000000048674bc7");
}

TEST(Checksummed, F99_AFrameIsTheSameHoweverItIsCut) {
    for (const Checksummed& framing : kKinds) {
        for (const std::size_t size : {0, 1, 2, 200}) {
            const std::string payload = testing_help::some_text(size);
            const std::uint8_t type = framing.has_type ? 7 : 0;
            const std::string bytes = written(framing, payload, type) + "next";
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
                EXPECT_EQ((*frame)->type, type);
                EXPECT_EQ((*frame)->size, whole);
            }
        }
    }
}

TEST(Checksummed, C3_EveryBitThatChangedIsNoticed) {
    const Checksummed framing{.width = 1, .has_type = true};
    const std::string good = written(framing, "payload", 9);
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        std::string bad = good;
        bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
        const auto frame = framing.find(bytes_of(bad));
        // A length that grew makes it wait for what does not come; nothing is ever handed out.
        if (frame.has_value()) {
            EXPECT_FALSE(frame->has_value()) << bit;
        } else {
            EXPECT_EQ(frame.error().cause(), Cause::malformed);
        }
    }
}

TEST(Checksummed, C3_DamageIsSaidWithBothSums) {
    std::string bytes = written({.width = 1, .sums_header = false}, "123456789");
    bytes.back() = 'x';
    const auto frame = Checksummed{.width = 1, .sums_header = false}.find(bytes_of(bytes));
    ASSERT_FALSE(frame.has_value());
    EXPECT_EQ(frame.error().message(),
              "frame: a frame of 14 bytes is damaged: its checksum is 50160c3c, "
              "and e3069283 was announced");
}

TEST(Checksummed, C3_ZeroBytesAreNoRowOfEmptyFrames) {
    const std::string zeros(64, '\0');
    EXPECT_EQ(Checksummed().find(bytes_of(zeros)).error().cause(), Cause::malformed);
    EXPECT_TRUE(Checksummed{.sums_header = false}.find(bytes_of(zeros))->has_value());
}

TEST(Checksummed, F98_ALengthOverTheLimitIsRefusedAsSoonAsItIsRead) {
    const Checksummed framing{.limit = 100};
    EXPECT_TRUE(framing.find(bytes_of(std::string_view("\0\0\0\x64", 4))).has_value());
    const auto frame = framing.find(bytes_of(std::string_view("\0\0\0\x65", 4)));
    ASSERT_FALSE(frame.has_value());
    EXPECT_EQ(frame.error().message(), "frame: a payload of 101 bytes is over the limit of 100");
    EXPECT_EQ(framing.needed(bytes_of("\xff\xff\xff\xff")), 108u);
    EXPECT_EQ(framing.enclose(testing_help::some_bytes(101)).error().cause(), Cause::limit);
    EXPECT_EQ(Checksummed{.width = 1}.enclose(testing_help::some_bytes(256)).error().message(),
              "frame: a payload of 256 bytes is over the limit of 255");
}

TEST(Checksummed, F98_WithoutALimitToSpeakOfNoSumOverflows) {
    const Checksummed framing{.width = 8, .has_type = true, .limit = SIZE_MAX};
    const std::string bytes = std::string(8, '\xff') + "some more";
    const auto frame = framing.find(bytes_of(bytes));
    ASSERT_TRUE(frame.has_value());
    EXPECT_FALSE(frame->has_value());
    EXPECT_EQ(framing.needed(bytes_of(bytes)), SIZE_MAX);
}

TEST(Checksummed, C3_AnEndInsideAFrameSaysWhatIsMissing) {
    const Checksummed framing{.width = 2};
    const std::string bytes = written(framing, "payload");
    const std::string ended = "frame: the stream ended inside a frame: ";
    const auto at = [&](std::size_t come) {
        return framing.truncated(bytes_of(bytes).first(come)).message();
    };
    EXPECT_EQ(at(1), ended + "1 byte had come, at least 5 were missing");
    EXPECT_EQ(at(2), ended + "2 bytes had come, 11 were missing");
    EXPECT_EQ(at(12), ended + "12 bytes had come, 1 was missing");
}

}  // namespace
}  // namespace fivetuple
