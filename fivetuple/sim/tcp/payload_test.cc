#include "fivetuple/sim/tcp/payload.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace fivetuple::sim::tcp {
namespace {

std::string text(const Payload& payload) { return std::string(text_of(payload)); }

Payload of(std::string_view letters) {
    Payload payload;
    payload.assign(bytes_of(letters));
    return payload;
}

TEST(TcpPayload, IsCopiedAndMovedWithWhatIsLeftOfIt) {
    Payload one = of("hello");
    one.drop_front(2);
    const Payload copy = one;
    EXPECT_EQ(text(copy), "llo");
    EXPECT_EQ(copy, one);
    Payload moved = std::move(one);
    EXPECT_EQ(text(moved), "llo");
    moved = copy;
    EXPECT_EQ(text(moved), "llo");
    EXPECT_NE(moved, of("hello"));
}

TEST(TcpPayload, LosesItsFrontAndItsEndAndGrowsByZeros) {
    Payload one = of("hello");
    one.resize(4);
    one.drop_front(1);
    EXPECT_EQ(text(one), "ell");
    one.resize(500);
    ASSERT_EQ(one.size(), 500u);
    EXPECT_EQ(text(one).substr(0, 3), "ell");
    EXPECT_EQ(one.data()[499], std::byte{0});
    one.drop_front(1000);
    EXPECT_TRUE(one.empty());
    one.assign(bytes_of("again"));
    EXPECT_EQ(text(one), "again");
}

TEST(TcpPayload, EmptyOnesAreEqual) {
    Payload gone = of("x");
    gone.resize(0);
    EXPECT_EQ(gone, Payload());
    EXPECT_TRUE(of("").empty());
}

}  // namespace
}  // namespace fivetuple::sim::tcp
