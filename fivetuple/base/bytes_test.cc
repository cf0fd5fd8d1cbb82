#include "fivetuple/base/bytes.h"

#include "tests/testing/testing.h"
#include <array>

namespace fivetuple {
namespace {

// What `value` looks like in each order; the bytes behind it must stay as they were.
template <class U>
void expect_written(U value, std::string_view big, std::string_view little) {
    for (const ByteOrder order : {ByteOrder::big, ByteOrder::little}) {
        std::array<std::byte, sizeof(U) + 1> room;
        room.fill(std::byte{'#'});
        put_integer(MutableBytes(room), value, order);
        const std::string_view expected = order == ByteOrder::big ? big : little;
        EXPECT_EQ(text_of(room), std::string(expected) + "#");
        EXPECT_EQ(take_integer<U>(room, order), value);
    }
}

TEST(Bytes, AnIntegerOfEachWidthIsWrittenInBothOrders) {
    expect_written<std::uint8_t>(0xa1, "\xa1", "\xa1");
    expect_written<std::uint16_t>(0xa1b2, "\xa1\xb2", "\xb2\xa1");
    expect_written<std::uint32_t>(0xa1b2c3d4, "\xa1\xb2\xc3\xd4", "\xd4\xc3\xb2\xa1");
    expect_written<std::uint64_t>(0xa1b2c3d4e5f60718, "\xa1\xb2\xc3\xd4\xe5\xf6\x07\x18",
                                  "\x18\x07\xf6\xe5\xd4\xc3\xb2\xa1");
}

TEST(Bytes, NetworkOrderIsWhatIsMeantWhenNothingIsSaid) {
    std::array<std::byte, 2> room;
    put_integer<std::uint16_t>(room, 0x0102);
    EXPECT_EQ(text_of(room), std::string_view("\x01\x02"));
    EXPECT_EQ(take_integer<std::uint16_t>(room), 0x0102);
}

TEST(Bytes, AnIntegerNeedNotBeAligned) {
    std::array<std::byte, 9> room;
    const MutableBytes odd = MutableBytes(room).subspan(1);
    put_integer<std::uint64_t>(odd, UINT64_MAX - 1, ByteOrder::little);
    EXPECT_EQ(take_integer<std::uint64_t>(odd, ByteOrder::little), UINT64_MAX - 1);
}

TEST(Bytes, TextAndBytesAreViewsOfTheSame) {
    const std::string_view text("a\0b\xff", 4);
    EXPECT_EQ(bytes_of(text).size(), 4u);
    EXPECT_EQ(text_of(bytes_of(text)), text);
    EXPECT_EQ(text_of(bytes_of(text)).data(), text.data());
}

}  // namespace
}  // namespace fivetuple
