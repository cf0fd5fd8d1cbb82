#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/io/backends/uring_ring.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fivetuple {

/// The buffers that io_uring fills by itself. A few at a time are offered to the kernel, those used
/// last: it goes round all that it is offered, and more than the cache holds would each be cold.
/// io_uring_register_buf_ring(3)
class UringBuffers {
public:
    static constexpr std::uint16_t kGroup = 0;
    static constexpr std::uint16_t kNone = UINT16_MAX;

    /// `count` is a power of two, at most 32768.
    UringBuffers(unsigned count, std::size_t size);
    UringBuffers(const UringBuffers&) = delete;
    UringBuffers& operator=(const UringBuffers&) = delete;
    ~UringBuffers();

    /// Makes them known to `ring`. Answers 0 or -errno. The buffers must outlive the ring.
    int register_with(UringRing& ring);

    std::size_t size() const { return size_; }
    std::byte* data(std::uint16_t id) { return memory_ + std::size_t{id} * size_; }

    /// Whether a receive that starts now will find a buffer, as far as completions have been read.
    bool any() const { return offered_ > 0 || !free_.empty(); }
    /// Offers the kernel what it may fill next; to be called before each time it is entered.
    void offer();
    /// The kernel has filled `id` with `size` bytes; it is ours until recycle().
    void taken(std::uint16_t id, std::uint32_t size) {
        --offered_;
        notes_[id] = {0, size, kNone};
    }
    void recycle(std::uint16_t id) { free_.push_back(id); }

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
    // One enter hands over about forty receives at most.
    static constexpr unsigned kOfferedAtOnce = 64;

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
    std::vector<std::uint16_t> free_;  // Used last, offered first.
    unsigned offered_ = 0;
};

}  // namespace fivetuple
