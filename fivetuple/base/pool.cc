#include "fivetuple/base/pool.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <new>
#include <utility>

namespace fivetuple {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kPlain = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kPlain = true;
#else
constexpr bool kPlain = false;
#endif
#else
constexpr bool kPlain = false;
#endif

constexpr std::size_t kGrain = 16;
constexpr std::size_t kLargest = 4096;
constexpr std::size_t kChunk = 65536;

struct Block {
    Block* next;
};

// Even nothing needs a block of its own.
std::size_t grains_for(std::size_t size) { return size == 0 ? 1 : (size + kGrain - 1) / kGrain; }

using FreeLists = std::array<Block*, kLargest / kGrain + 1>;

void push(Block*& list, void* memory) {
    auto* block = static_cast<Block*>(memory);
    block->next = list;
    list = block;
}

// Chunks are never given back to malloc: another thread may still hold a block of one. What a
// thread leaves behind when it ends waits here for a thread that needs memory.
struct Orphans {
    std::mutex mutex;
    std::atomic<bool> any = false;
    FreeLists free{};
};
Orphans& orphans() {
    static auto* all = new Orphans;  // Outlives every thread, so it is never destroyed.
    return *all;
}

struct Pool {
    FreeLists free{};
    std::byte* fresh = nullptr;
    std::size_t fresh_left = 0;
    bool has_heir = false;
    PoolStats stats;
};

// Has no destructor, so that blocks may be freed while a thread's other objects go.
thread_local Pool pool;

// The rest of a chunk becomes free blocks, of the largest size that it holds.
void give_up_fresh(FreeLists& lists) {
    while (pool.fresh_left >= kGrain) {
        const std::size_t size = std::min(pool.fresh_left, kLargest) / kGrain * kGrain;
        push(lists[size / kGrain], pool.fresh);
        pool.fresh += size;
        pool.fresh_left -= size;
    }
}

struct ThreadEnd {
    ThreadEnd() { orphans(); }
    ThreadEnd(const ThreadEnd&) = delete;
    ThreadEnd& operator=(const ThreadEnd&) = delete;
    ~ThreadEnd() {
        const std::lock_guard locked(orphans().mutex);
        give_up_fresh(orphans().free);
        for (std::size_t grains = 0; grains < pool.free.size(); ++grains) {
            while (Block* block = pool.free[grains]) {
                pool.free[grains] = block->next;
                push(orphans().free[grains], block);
            }
        }
        orphans().any.store(true, std::memory_order_release);
    }
};

// Once a thread: whatever its pool comes to hold will go to the orphans.
void name_heir() {
    thread_local const ThreadEnd leaves_its_blocks_to_others;
    pool.has_heir = true;
}

bool adopt_orphans(std::size_t grains) {
    if (!orphans().any.load(std::memory_order_acquire)) return false;
    const std::lock_guard locked(orphans().mutex);
    pool.free[grains] = std::exchange(orphans().free[grains], nullptr);
    return pool.free[grains] != nullptr;
}

void* take_free(std::size_t grains) {
    Block* block = pool.free[grains];
    pool.free[grains] = block->next;
    return block;
}

void* take_fresh(std::size_t size) {
    if (pool.fresh_left < size) {
        name_heir();
        if (adopt_orphans(size / kGrain)) return take_free(size / kGrain);
        give_up_fresh(pool.free);
        pool.fresh = static_cast<std::byte*>(::operator new(kChunk));
        pool.fresh_left = kChunk;
        pool.stats.chunks++;
        pool.stats.reserved += kChunk;
    }
    void* block = pool.fresh;
    pool.fresh += size;
    pool.fresh_left -= size;
    return block;
}

}  // namespace

void* pool_allocate(std::size_t size) {
    if (kPlain || size > kLargest) {
        pool.stats.chunks++;
        return ::operator new(size);
    }
    const std::size_t grains = grains_for(size);
    pool.stats.in_use++;
    return pool.free[grains] != nullptr ? take_free(grains) : take_fresh(grains * kGrain);
}

void pool_free(void* block, std::size_t size) noexcept {
    if (kPlain || size > kLargest) return ::operator delete(block);
    if (!pool.has_heir) [[unlikely]]
        name_heir();
    push(pool.free[grains_for(size)], block);
    pool.stats.in_use--;
}

PoolStats pool_stats() { return pool.stats; }

}  // namespace fivetuple
