#include "fivetuple/io/descriptor_table.h"

#include "tests/testing/testing.h"

namespace fivetuple {
namespace {

struct Entry {
    std::uint32_t generation = 0;
    bool open = false;
    int note = 0;
};

TEST(DescriptorTableTest, FindsWhatIsOpenAndNothingElse) {
    DescriptorTable<Entry> table;
    EXPECT_EQ(table.find({}), nullptr);
    EXPECT_EQ(table.find({0, 0}), nullptr);
    EXPECT_EQ(table.find({INT32_MAX, 0}), nullptr) << "looking up makes no room";
    const Handle seven = table.open(7);
    ASSERT_NE(table.find(seven), nullptr);
    EXPECT_EQ(table.find(seven), &table.at(7));
    EXPECT_EQ(table.find({6, 0}), nullptr);
    EXPECT_EQ(table.open_count(), 1u);
}

TEST(DescriptorTableTest, F72_ANumberUsedAgainIsAnotherDescriptor) {
    DescriptorTable<Entry> table;
    const Handle first = table.open(3);
    table.find(first)->note = 5;
    table.close(3);
    EXPECT_EQ(table.find(first), nullptr);
    EXPECT_EQ(table.open_count(), 0u);
    const Handle second = table.open(3);
    EXPECT_NE(first, second);
    EXPECT_EQ(table.find(first), nullptr);
    ASSERT_NE(table.find(second), nullptr);
    EXPECT_EQ(table.find(second)->note, 0) << "notes end with their descriptor";
}

TEST(DescriptorTableTest, F66_EveryGenerationIsTold) {
    DescriptorTable<Entry> table;
    std::uint32_t last = table.open(0).generation;
    for (int round = 0; round < 1000; ++round) {
        table.close(0);
        const Handle next = table.open(0);
        EXPECT_EQ(next.generation, last + 1);
        last = next.generation;
    }
    // And after the last there is a first.
    table.close(0);
    table.at(0).generation = UINT32_MAX;
    const Handle highest = table.open(0);
    EXPECT_EQ(highest.generation, UINT32_MAX);
    table.close(0);
    EXPECT_EQ(table.open(0).generation, 0u);
    EXPECT_EQ(table.find(highest), nullptr);
}

TEST(DescriptorTableTest, EntriesStayWhereTheyAreWhileItGrows) {
    DescriptorTable<Entry> table;
    const Handle low = table.open(0);
    const Entry* before = table.find(low);
    const Handle high = table.open(100'000);
    EXPECT_EQ(table.find(low), before);
    EXPECT_NE(table.find(high), nullptr);
    EXPECT_GT(table.capacity(), 100'000u);
    EXPECT_EQ(table.open_count(), 2u);
}

}  // namespace
}  // namespace fivetuple
