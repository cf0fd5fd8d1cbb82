#include "fivetuple/base/pool.h"

#include "fivetuple/base/random.h"

#include "tests/testing/testing.h"
#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define FT_POOL_IS_BYPASSED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FT_POOL_IS_BYPASSED 1
#endif
#endif

namespace fivetuple {
namespace {

struct Taken {
    unsigned char* block;
    std::size_t size;
    unsigned char mark;

    void mark_it() const { std::memset(block, mark, size); }
    bool is_unharmed() const {
        for (std::size_t at = 0; at < size; ++at) {
            if (block[at] != mark) return false;
        }
        return true;
    }
};

Taken take(std::size_t size, std::uint64_t mark) {
    const Taken taken{static_cast<unsigned char*>(pool_allocate(size)), size,
                      static_cast<unsigned char>(mark)};
    taken.mark_it();
    return taken;
}

[[maybe_unused]] std::vector<void*> take_many(std::size_t count, std::size_t size) {
    std::vector<void*> blocks(count);
    for (void*& block : blocks) block = pool_allocate(size);
    return blocks;
}
[[maybe_unused]] void free_all(const std::vector<void*>& blocks, std::size_t size) {
    for (void* block : blocks) pool_free(block, size);
}

template <class Work>
void in_a_thread(Work work) {
    std::thread(work).join();
}

TEST(Pool, NoTwoBlocksOverlapWhateverTheirSizes) {
    Random random(13);
    std::vector<Taken> held;
    for (int step = 0; step < 20'000; ++step) {
        if (held.size() < 200 || random.below(2) == 0) {
            held.push_back(take(1 + random.below(5'000), random.next()));
            continue;
        }
        std::swap(held[random.below(held.size())], held.back());
        ASSERT_TRUE(held.back().is_unharmed()) << "at step " << step;
        pool_free(held.back().block, held.back().size);
        held.pop_back();
    }
    for (const Taken& each : held) {
        EXPECT_TRUE(each.is_unharmed());
        pool_free(each.block, each.size);
    }
}

TEST(Pool, EveryBlockIsAlignedForAnyOrdinaryType) {
    std::vector<std::pair<void*, std::size_t>> blocks;
    for (std::size_t size = 1; size < 5'000; size += 7) {
        blocks.emplace_back(pool_allocate(size), size);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(blocks.back().first) % 16, 0u) << size;
    }
    for (const auto& [block, size] : blocks) pool_free(block, size);
}

TEST(Pool, AskingForNothingGivesABlockOfItsOwn) {
    // In a thread that has taken nothing yet, and in one that has.
    in_a_thread([] {
        for (int times = 0; times < 2; ++times) {
            void* nothing = pool_allocate(0);
            const Taken something = take(16, 0xab);
            EXPECT_NE(nothing, nullptr);
            EXPECT_NE(nothing, something.block);
            pool_free(nothing, 0);
            EXPECT_TRUE(something.is_unharmed());
            pool_free(something.block, something.size);
        }
    });
}

TEST(Pool, BlocksThatOthersFreeGoFromThreadToThread) {
    std::vector<std::atomic<void*>> table(64);
    std::vector<std::thread> threads;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        threads.emplace_back([&table, seed] {
            Random random(seed);
            for (int step = 0; step < 5'000; ++step) {
                const std::size_t at = random.below(table.size());
                const std::size_t size = 16 * (at + 1);
                void* block = pool_allocate(size);
                std::memset(block, static_cast<int>(seed), size);
                if (void* others = table[at].exchange(block)) pool_free(others, size);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (std::size_t at = 0; at < table.size(); ++at) {
        if (void* left = table[at].load()) pool_free(left, 16 * (at + 1));
    }
}

struct Frame : Pooled {
    std::byte content[200];
};

TEST(Pool, AClassTakesItsMemoryFromIt) {
    const auto* first = new Frame;
    delete first;
#ifndef FT_POOL_IS_BYPASSED
    void* same = pool_allocate(sizeof(Frame));
    EXPECT_EQ(same, first);
    pool_free(same, sizeof(Frame));
#endif
}

#ifndef FT_POOL_IS_BYPASSED  // What follows is about reuse, which AddressSanitizer must not see.

TEST(Pool, AFreedBlockIsTheNextOneOfItsSize) {
    void* block = pool_allocate(100);
    pool_free(block, 100);
    void* smaller = pool_allocate(96);
    EXPECT_NE(smaller, block);
    void* same = pool_allocate(112);
    EXPECT_EQ(same, block);
    pool_free(same, 112);
    pool_free(smaller, 96);
}

TEST(Pool, SteadyStateAsksMallocForNothing) {
    free_all(take_many(100, 256), 256);
    const PoolStats before = pool_stats();
    for (int round = 0; round < 100; ++round) free_all(take_many(100, 256), 256);
    EXPECT_EQ(pool_stats().chunks, before.chunks);
    EXPECT_EQ(pool_stats().reserved, before.reserved);
    EXPECT_EQ(pool_stats().in_use, before.in_use);
}

TEST(Pool, LargeBlocksAreOrdinaryAllocations) {
    const PoolStats before = pool_stats();
    const Taken large = take(4'097, 0x5a);
    EXPECT_EQ(pool_stats().chunks, before.chunks + 1);
    EXPECT_EQ(pool_stats().reserved, before.reserved);
    EXPECT_TRUE(large.is_unharmed());
    pool_free(large.block, large.size);
    EXPECT_EQ(pool_stats().in_use, before.in_use);
}

TEST(Pool, CountsWhatAThreadHasTakenLessWhatItHasFreed) {
    const PoolStats before = pool_stats();
    const auto blocks = take_many(10, 48);
    EXPECT_EQ(pool_stats().in_use, before.in_use + 10);
    in_a_thread([&] {
        free_all(blocks, 48);
        EXPECT_EQ(pool_stats().in_use, -10);
    });
    EXPECT_EQ(pool_stats().in_use, before.in_use + 10);
}

TEST(Pool, ABlockFreedByAnotherThreadIsReusedThere) {
    void* block = pool_allocate(1'040);
    in_a_thread([&] {
        pool_free(block, 1'040);
        void* same = pool_allocate(1'040);
        EXPECT_EQ(same, block);
        pool_free(same, 1'040);
    });
}

TEST(Pool, WhatADeadThreadLeavesIsReused) {
    in_a_thread([] { free_all(take_many(500, 1'056), 1'056); });
    in_a_thread([] {
        const auto blocks = take_many(500, 1'056);
        EXPECT_EQ(pool_stats().chunks, 0u);
        free_all(blocks, 1'056);
    });
}

TEST(Pool, WhatIsLeftOfADeadThreadsChunkIsReused) {
    in_a_thread([] { pool_free(pool_allocate(4'096), 4'096); });
    in_a_thread([] {
        const auto blocks = take_many(16, 4'096);
        EXPECT_EQ(pool_stats().chunks, 0u);
        free_all(blocks, 4'096);
    });
}

TEST(Pool, AThreadThatOnlyFreesLeavesItsBlocksToOthers) {
    const auto blocks = take_many(500, 1'072);
    in_a_thread([&] { free_all(blocks, 1'072); });
    in_a_thread([] {
        const auto again = take_many(500, 1'072);
        EXPECT_EQ(pool_stats().chunks, 0u);
        free_all(again, 1'072);
    });
}

#endif

}  // namespace
}  // namespace fivetuple
