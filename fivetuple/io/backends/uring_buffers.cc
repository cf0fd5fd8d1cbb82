#include "fivetuple/io/backends/uring_buffers.h"

#include <sys/mman.h>

#include <new>

namespace fivetuple {
namespace {

// Pages that are not touched cost nothing: a buffer of 32 KiB that only ever sees small messages
// costs one page.
std::byte* map(std::size_t bytes) {
    void* memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return static_cast<std::byte*>(memory);
}

}  // namespace

UringBuffers::UringBuffers(unsigned count, std::size_t size)
    : count_(count), size_(size), ring_bytes_(count * sizeof(io_uring_buf)), notes_(count) {
    ring_ = reinterpret_cast<io_uring_buf_ring*>(map(ring_bytes_));
    memory_ = map(count_ * size_);
}

UringBuffers::~UringBuffers() {
    ::munmap(memory_, count_ * size_);
    ::munmap(ring_, ring_bytes_);
}

int UringBuffers::register_with(UringRing& ring) {
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uint64_t>(ring_);
    registration.ring_entries = count_;
    registration.bgid = kGroup;
    const int result = ::io_uring_register_buf_ring(&ring.raw(), &registration, 0);
    if (result < 0) return result;
    ::io_uring_buf_ring_init(ring_);
    free_.reserve(count_);
    for (unsigned id = count_; id > 0; --id) recycle(static_cast<std::uint16_t>(id - 1));
    return 0;
}

void UringBuffers::offer() {
    const int mask = io_uring_buf_ring_mask(count_);
    int added = 0;
    for (; offered_ < kOfferedAtOnce && !free_.empty(); ++offered_) {
        const std::uint16_t id = free_.back();
        free_.pop_back();
        ::io_uring_buf_ring_add(ring_, data(id), static_cast<unsigned>(size_), id, mask, added++);
    }
    if (added > 0) ::io_uring_buf_ring_advance(ring_, added);
}

}  // namespace fivetuple
