#pragma once

#include <cstddef>
#include <cstdint>

namespace fivetuple {

/// Memory for coroutine frames and other small blocks that come and go with every connection: a
/// free list for each size, one set a thread, so that steady state never reaches malloc and a block
/// carries no header. Blocks may be freed by another thread than the one that took them.
/// Under AddressSanitizer every block is a plain allocation, so that use after free is seen.
void* pool_allocate(std::size_t size);
void pool_free(void* block, std::size_t size) noexcept;

/// What this thread's pool has done, for tests and for the curious.
struct PoolStats {
    std::uint64_t chunks = 0;  ///< Times that the pool asked malloc for more, since the start.
    std::int64_t in_use = 0;   ///< Blocks taken less blocks freed; either may be another thread's.
    std::uint64_t reserved = 0;  ///< Bytes held, in use or free.
};
PoolStats pool_stats();

/// Gives a class its memory from the pool.
struct Pooled {
    static void* operator new(std::size_t size) { return pool_allocate(size); }
    static void operator delete(void* block, std::size_t size) noexcept { pool_free(block, size); }
};

}  // namespace fivetuple
