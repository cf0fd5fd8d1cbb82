#include "fivetuple/base/list.h"

#include "tests/testing/testing.h"
#include <vector>

namespace fivetuple {
namespace {

struct Item : Linked<Item> {
    explicit Item(int number) : value(number) {}
    int value;
};

std::vector<int> values(List<Item>& list) {
    std::vector<int> all;
    list.for_each([&](Item& item) { all.push_back(item.value); });
    return all;
}

TEST(List, KeepsTheOrderInWhichItemsCame) {
    Item a(1), b(2), c(3);
    List<Item> list;
    list.push_back(b);
    list.push_back(c);
    list.push_front(a);
    EXPECT_EQ(values(list), (std::vector{1, 2, 3}));
    EXPECT_EQ(list.pop_front(), &a);
    EXPECT_FALSE(a.is_linked());
    EXPECT_EQ(values(list), (std::vector{2, 3}));
}

TEST(List, AnItemLeavesFromTheMiddle) {
    Item a(1), b(2), c(3);
    List<Item> list;
    for (Item* item : {&a, &b, &c}) list.push_back(*item);
    b.unlink();
    b.unlink();
    EXPECT_EQ(values(list), (std::vector{1, 3}));
}

TEST(List, AnItemMayLeaveWhileItIsVisited) {
    Item a(1), b(2), c(3);
    List<Item> list;
    for (Item* item : {&a, &b, &c}) list.push_back(*item);
    list.for_each([](Item& item) { item.unlink(); });
    EXPECT_TRUE(list.empty());
}

TEST(List, TakesAllOfAnother) {
    Item a(1), b(2), c(3);
    List<Item> one, other;
    one.push_back(a);
    other.push_back(b);
    other.push_back(c);
    one.take_all(other);
    EXPECT_EQ(values(one), (std::vector{1, 2, 3}));
    EXPECT_TRUE(other.empty());
}

}  // namespace
}  // namespace fivetuple
