#include "fivetuple/sim/shrink.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace fivetuple::sim {
namespace {

using Part = std::vector<std::size_t>;

bool has(const Part& part, std::size_t which) {
    return std::ranges::find(part, which) != part.end();
}

TEST(Shrink, LeavesWhatIsNeededTogether) {
    int asked = 0;
    const Part least = shrink(100, [&](const Part& part) {
        ++asked;
        return has(part, 17) && has(part, 83);
    });
    EXPECT_EQ(least, (Part{17, 83}));
    EXPECT_LT(asked, 200);
}

TEST(Shrink, NothingIsNeededWhereItFailsByItself) {
    EXPECT_EQ(shrink(10, [](const Part&) { return true; }), Part{});
    EXPECT_EQ(shrink(0, [](const Part&) { return true; }), Part{});
}

TEST(Shrink, NothingCanBeLeftOutOfWhatItGives) {
    // Fails with any three that are even.
    const auto fails = [](const Part& part) {
        return std::ranges::count_if(part, [](std::size_t each) { return each % 2 == 0; }) >= 3;
    };
    const Part least = shrink(31, fails);
    EXPECT_EQ(least.size(), 3u);
    EXPECT_TRUE(fails(least));
}

TEST(Shrink, EveryOneMayBeNeeded) {
    const Part least = shrink(5, [](const Part& part) { return part.size() == 5; });
    EXPECT_EQ(least, (Part{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace fivetuple::sim
