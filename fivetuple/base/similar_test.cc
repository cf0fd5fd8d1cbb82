#include "fivetuple/base/similar.h"

#include <gtest/gtest.h>

namespace fivetuple {
namespace {

TEST(Similar, CountsLettersPutInTakenOutChangedAndExchanged) {
    EXPECT_EQ(letters_between("", ""), 0u);
    EXPECT_EQ(letters_between("", "abc"), 3u);
    EXPECT_EQ(letters_between("abc", ""), 3u);
    EXPECT_EQ(letters_between("abc", "abc"), 0u);
    EXPECT_EQ(letters_between("abc", "abxc"), 1u);
    EXPECT_EQ(letters_between("abxc", "abc"), 1u);
    EXPECT_EQ(letters_between("abc", "axc"), 1u);
    EXPECT_EQ(letters_between("ECONRESTE", "ECONNRESET"), 2u) << "one missing, two exchanged";
    EXPECT_EQ(letters_between("kitten", "sitting"), 3u);
}

TEST(Similar, APartOfANameIsLikerThanLettersInCommon) {
    EXPECT_LT(unlikeness("refused", "ECONNREFUSED"), unlikeness("refused", "reused"));
    EXPECT_EQ(unlikeness("EaGaIn", "eagain"), 0u);
    EXPECT_TRUE(could_be_meant("tcp_nodlay", 1));
    EXPECT_FALSE(could_be_meant("abc", 3));
}

}  // namespace
}  // namespace fivetuple
