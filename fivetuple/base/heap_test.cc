#include "fivetuple/base/heap.h"

#include "fivetuple/base/random.h"

#include "tests/testing/testing.h"
#include <deque>
#include <set>
#include <vector>

namespace fivetuple {
namespace {

struct Item : HeapPlace {
    explicit Item(int number) : key(number) {}
    int key;
};
struct Sooner {
    bool operator()(const Item& a, const Item& b) const { return a.key < b.key; }
};
using ItemHeap = Heap<Item, Sooner>;

std::vector<int> empty_out(ItemHeap& heap) {
    std::vector<int> keys;
    while (!heap.empty()) {
        keys.push_back(heap.top().key);
        heap.erase(heap.top());
    }
    return keys;
}

TEST(Heap, GivesTheSmallestFirst) {
    std::deque<Item> items;
    ItemHeap heap;
    for (const int key : {5, 3, 9, 1, 7, 2, 8, 6, 4}) heap.push(items.emplace_back(key));
    EXPECT_EQ(heap.size(), 9u);
    EXPECT_EQ(empty_out(heap), (std::vector{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Heap, EqualKeysAllComeOut) {
    std::deque<Item> items;
    ItemHeap heap;
    for (const int key : {2, 1, 2, 1, 2, 1, 2, 1}) heap.push(items.emplace_back(key));
    EXPECT_EQ(empty_out(heap), (std::vector{1, 1, 1, 1, 2, 2, 2, 2}));
}

TEST(Heap, AnItemKnowsWhetherItIsIn) {
    Item a(1), b(2);
    ItemHeap heap;
    EXPECT_FALSE(a.is_in_heap());
    heap.push(b);
    heap.push(a);
    EXPECT_TRUE(a.is_in_heap());
    heap.erase(a);
    EXPECT_FALSE(a.is_in_heap());
    EXPECT_EQ(&heap.top(), &b);
    heap.push(a);
    EXPECT_EQ(&heap.top(), &a);
}

TEST(Heap, WhatFillsAHoleInTheMiddleRisesWhereItMust) {
    // The last item, 3, belongs to another branch than the hole and is less than the hole's parent.
    std::deque<Item> items;
    ItemHeap heap;
    for (const int key : {0, 10, 1, 20, 30, 11, 12, 13, 14, 3}) {
        heap.push(items.emplace_back(key));
    }
    heap.erase(items[5]);
    EXPECT_EQ(empty_out(heap), (std::vector{0, 1, 3, 10, 12, 13, 14, 20, 30}));
}

TEST(Heap, BehavesAsASortedSetWhateverIsDoneToIt) {
    Random random(7);
    std::deque<Item> items;
    std::vector<Item*> inside;
    std::multiset<int> model;
    ItemHeap heap;
    for (int step = 0; step < 20'000; ++step) {
        // Grows at first and shrinks later, so that every size is passed.
        const bool adds = random.below(20'000) > static_cast<std::uint64_t>(step);
        if (inside.empty() || adds) {
            Item& item = items.emplace_back(static_cast<int>(random.below(500)));
            heap.push(item);
            inside.push_back(&item);
            model.insert(item.key);
        } else {
            const std::size_t at = random.below(inside.size());
            Item& item = *inside[at];
            inside[at] = inside.back();
            inside.pop_back();
            heap.erase(item);
            model.erase(model.find(item.key));
            ASSERT_FALSE(item.is_in_heap());
        }
        ASSERT_EQ(heap.size(), model.size());
        if (model.empty()) continue;
        ASSERT_EQ(heap.top().key, *model.begin()) << "at step " << step;
    }
    EXPECT_EQ(empty_out(heap), std::vector<int>(model.begin(), model.end()));
}

}  // namespace
}  // namespace fivetuple
