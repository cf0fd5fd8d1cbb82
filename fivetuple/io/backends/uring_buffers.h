#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/io/backends/uring_ring.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fivetuple {

/// The buffers that io_uring fills by itself: a ring of them is lent to the kernel, each comes back
/// with a receive, and is lent again by recycle(). io_uring_register_buf_ring(3)
class UringBuffers {
public:
    static constexpr std::uint16_t kGroup = 0;
    static constexpr std::uint16_t kNone = UINT16_MAX;

    UringBuffers(unsigned count, std::size_t size);
    UringBuffers(const UringBuffers&) = delete;
    UringBuffers& operator=(const UringBuffers&) = delete;
    ~UringBuffers();

    /// Lends them all to `ring`. Answers 0 or -errno. The buffers must outlive the ring.
    int lend_to(UringRing& ring);

    std::size_t size() const { return size_; }
    /// How many the kernel may still take, as far as its completions have been read.
    unsigned lent() const { return lent_; }
    std::byte* data(std::uint16_t id) { return memory_ + std::size_t{id} * size_; }

    /// The kernel has filled `id` with `size` bytes; it is ours until recycle().
    void taken(std::uint16_t id, std::uint32_t size) {
        --lent_;
        notes_[id] = {0, size, kNone};
    }
    void recycle(std::uint16_t id);

    /// What is unread of a buffer that has been taken; read() marks bytes as read.
    MutableBytes unread(std::uint16_t id) {
        return {data(id) + notes_[id].begin, notes_[id].end - notes_[id].begin};
    }
    void read(std::uint16_t id, std::size_t count) {
        notes_[id].begin += static_cast<std::uint32_t>(count);
    }
    /// Taken buffers of one stream stand in a chain.
    std::uint16_t& next(std::uint16_t id) { return notes_[id].next; }

private:
    struct Note {
        std::uint32_t begin;
        std::uint32_t end;
        std::uint16_t next;
    };

    unsigned count_;
    std::size_t size_;
    std::size_t ring_bytes_;
    io_uring_buf_ring* ring_ = nullptr;
    std::byte* memory_ = nullptr;
    std::vector<Note> notes_;
    unsigned lent_ = 0;
};

}  // namespace fivetuple
