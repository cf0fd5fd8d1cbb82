#include "fivetuple/io/backends/zero_copy_sends.h"

#include "tests/testing/testing.h"
#include <memory>
#include <vector>

namespace fivetuple {
namespace {

struct Owner : LoanOwner {
    int back = 0;
    int lost = 0;
    std::vector<std::unique_ptr<LoanBlock>> blocks;

    LoanBlock& lend() {
        blocks.push_back(std::move(LoanBlock::open(*this, 1, 1)).value());
        return *blocks.back();
    }
    void came_back(LoanBlock&) override { back++; }
    void was_lost(LoanBlock& block) override {
        lost++;
        for (auto& each : blocks) {
            if (each.get() == &block) static_cast<void>(each.release());
        }
    }
};

TEST(ZeroCopySends, ABlockComesBackWithTheLastSendOfIt) {
    Owner owner;
    ZeroCopySends sends;
    LoanBlock& block = owner.lend();
    sends.sent(block);
    sends.sent(block);
    EXPECT_EQ(block.unfinished, 2u);
    EXPECT_EQ(sends.done(0, 0), 1u);
    EXPECT_EQ(owner.back, 0);
    EXPECT_FALSE(sends.empty());
    EXPECT_EQ(sends.done(1, 1), 1u);
    EXPECT_EQ(owner.back, 1);
    EXPECT_TRUE(sends.empty());
}

TEST(ZeroCopySends, NotesComeInAnyOrderAndMayLie) {
    Owner owner;
    ZeroCopySends sends;
    EXPECT_EQ(sends.done(0, 5), 0u) << "nothing has been sent";
    for (int each = 0; each < 20; ++each) sends.sent(owner.lend());
    EXPECT_EQ(sends.done(7, 12), 6u);
    EXPECT_EQ(sends.done(10, 12), 0u) << "told twice";
    EXPECT_EQ(sends.done(0, 3), 4u);
    EXPECT_EQ(sends.done(2, 1), 0u) << "a range without an end";
    EXPECT_EQ(sends.done(18, 400), 2u) << "as far as there are any";
    EXPECT_EQ(sends.done(4, 17), 8u);
    EXPECT_TRUE(sends.empty());
    EXPECT_EQ(owner.back, 20);
    EXPECT_EQ(sends.done(0, 19), 0u);
}

TEST(ZeroCopySends, ManyTurnsOfTheRingKeepTheirNumbers) {
    Owner owner;
    ZeroCopySends sends;
    LoanBlock& block = owner.lend();
    std::uint32_t number = 0;
    for (; number < 1000; ++number) {
        sends.sent(block);
        if (number < 5) continue;
        EXPECT_EQ(sends.done(number - 5, number - 5), 1u) << number;
    }
    EXPECT_EQ(sends.done(number - 5, number - 1), 5u);
    EXPECT_TRUE(sends.empty());
}

TEST(ZeroCopySends, WhatIsForsakenIsLostToItsOwnerAndTheNumbersGoOn) {
    Owner owner;
    ZeroCopySends sends;
    sends.sent(owner.lend());
    sends.sent(owner.lend());
    sends.forsake();
    EXPECT_TRUE(sends.empty());
    EXPECT_EQ(owner.lost, 2);
    EXPECT_EQ(owner.back, 0);
    sends.sent(owner.lend());
    EXPECT_EQ(sends.done(0, 1), 0u) << "those were given up";
    EXPECT_EQ(sends.done(2, 2), 1u);
    EXPECT_EQ(owner.back, 1);
}

TEST(ZeroCopyHabit, AfterACopyTheNextFewAreOrdinary) {
    ZeroCopyHabit habit;
    EXPECT_TRUE(habit.should_try());
    EXPECT_TRUE(habit.should_try());
    habit.was_copied();
    for (int each = 0; each < 63; ++each) EXPECT_FALSE(habit.should_try()) << each;
    EXPECT_TRUE(habit.should_try());
    habit.was_refused();
    for (int each = 0; each < 100; ++each) EXPECT_FALSE(habit.should_try()) << each;
}

}  // namespace
}  // namespace fivetuple
