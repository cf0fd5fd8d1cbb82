#include "fivetuple/os/internet_checksum.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <span>

namespace fivetuple {
namespace {

TEST(InternetChecksum, IsTheOneOfTheStandard) {
    // The example of RFC 1071, section 3: the sum of these words is ddf2.
    const std::array<std::uint8_t, 8> words{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    EXPECT_EQ(internet_checksum(std::as_bytes(std::span(words))), 0xffff & ~0xddf2);
}

TEST(InternetChecksum, ALastOddByteIsTheFrontOfAWord) {
    const std::array<std::uint8_t, 3> odd{0x01, 0x02, 0x03};
    const std::array<std::uint8_t, 4> even{0x01, 0x02, 0x03, 0x00};
    EXPECT_EQ(internet_checksum(std::as_bytes(std::span(odd))),
              internet_checksum(std::as_bytes(std::span(even))));
    EXPECT_EQ(internet_checksum({}), 0xffff);
}

TEST(InternetChecksum, MayBeAddedUpInParts) {
    std::array<std::uint8_t, 64> bytes{};
    for (std::size_t at = 0; at < bytes.size(); ++at)
        bytes[at] = static_cast<std::uint8_t>(at * 37);
    const Bytes all = std::as_bytes(std::span(bytes));
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        InternetChecksum sum;
        sum.add(all.first(cut));
        sum.add(all.subspan(cut));
        EXPECT_EQ(sum.value(), internet_checksum(all)) << cut;
    }
}

}  // namespace
}  // namespace fivetuple
