#include "tests/allocations/count_allocations.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

// This program's own malloc() and its relations, which count and then do what the C library's do;
// operator new, shared libraries and the C library itself come by here.
namespace {

std::atomic<std::uint64_t> made = 0;

void count() { made.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

namespace fivetuple::testing_help {

std::uint64_t allocations() { return made.load(std::memory_order_relaxed); }

}  // namespace fivetuple::testing_help

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
    count();
    return __libc_malloc(size);
}

void* calloc(std::size_t number, std::size_t size) {
    count();
    return __libc_calloc(number, size);
}

void* realloc(void* block, std::size_t size) {
    count();
    return __libc_realloc(block, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    *block = memalign(alignment, size);
    return *block == nullptr ? ENOMEM : 0;
}

}  // extern "C"
