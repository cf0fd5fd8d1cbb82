#include "fivetuple/base/fifo.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>

namespace fivetuple {
namespace {

TEST(Fifo, IsADequeThatIsUsedAtItsEnds) {
    Fifo<int> fifo;
    std::deque<int> like;
    for (int step = 0; step < 20'000; ++step) {
        // Grows for a while, then shrinks, again and again.
        const bool grows = step % 7 < (step / 1000 % 2 == 0 ? 5 : 2);
        if (grows || like.empty()) {
            fifo.push_back(step);
            like.push_back(step);
        } else {
            ASSERT_EQ(fifo.take_front(), like.front());
            like.pop_front();
        }
        ASSERT_EQ(fifo.size(), like.size());
        ASSERT_EQ(fifo.empty(), like.empty());
        if (!like.empty()) {
            ASSERT_EQ(fifo.front(), like.front());
            ASSERT_EQ(fifo.back(), like.back());
            ASSERT_EQ(fifo[like.size() / 2], like[like.size() / 2]);
        }
    }
    EXPECT_TRUE(std::ranges::equal(fifo, like));
}

TEST(Fifo, TakesOneInBetweenAndThingsThatOnlyMove) {
    Fifo<std::unique_ptr<int>> fifo;
    for (const int number : {1, 2, 4}) fifo.push_back(std::make_unique<int>(number));
    fifo.pop_front();
    fifo.insert(1, std::make_unique<int>(3));
    EXPECT_EQ(*fifo.take_front(), 2);
    EXPECT_EQ(*fifo.take_front(), 3);
    EXPECT_EQ(*fifo.take_front(), 4);
    EXPECT_TRUE(fifo.empty());
    fifo.push_back(std::make_unique<int>(5));
    fifo.clear();
    EXPECT_TRUE(fifo.empty());
}

}  // namespace
}  // namespace fivetuple
