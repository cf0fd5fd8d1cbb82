#pragma once

#include "fivetuple/base/assert.h"
#include "fivetuple/base/bytes.h"
#include "fivetuple/base/pool.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace fivetuple {

/// Bytes in a block of the pool's, with room in front of them and behind: what one layer made gets
/// the next one's header in its place, and loses it again on the other side, and is never copied.
class PoolBytes {
public:
    PoolBytes() = default;
    /// `size` bytes that are still to be written, with so much room in front of them.
    explicit PoolBytes(std::size_t size, std::size_t front = 0)
        : capacity_(static_cast<std::uint32_t>((front + size + kGrain - 1) / kGrain * kGrain)),
          begin_(static_cast<std::uint32_t>(front)),
          size_(static_cast<std::uint32_t>(size)) {
        block_ = capacity_ == 0 ? nullptr : static_cast<std::byte*>(pool_allocate(capacity_));
    }
    PoolBytes(PoolBytes&& other) noexcept
        : block_(std::exchange(other.block_, nullptr)),
          capacity_(std::exchange(other.capacity_, 0)),
          begin_(std::exchange(other.begin_, 0)),
          size_(std::exchange(other.size_, 0)) {}
    PoolBytes& operator=(PoolBytes&& other) noexcept {
        if (this == &other) return *this;
        if (block_ != nullptr) pool_free(block_, capacity_);
        block_ = std::exchange(other.block_, nullptr);
        capacity_ = std::exchange(other.capacity_, 0);
        begin_ = std::exchange(other.begin_, 0);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }
    ~PoolBytes() {
        if (block_ != nullptr) pool_free(block_, capacity_);
    }

    static PoolBytes copy_of(Bytes bytes, std::size_t front = 0) {
        PoolBytes copy(bytes.size(), front);
        if (copy.block_ == nullptr || bytes.empty()) return copy;
        std::memcpy(copy.block_ + front, bytes.data(), bytes.size());
        return copy;
    }

    Bytes bytes() const { return {block_ + begin_, size_}; }
    MutableBytes bytes() { return {block_ + begin_, size_}; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

    std::size_t front_room() const { return begin_; }
    std::size_t back_room() const { return capacity_ - begin_ - size_; }
    /// Takes so much of the room; what is there now is still to be written.
    void grow_front(std::size_t count) {
        FT_ASSERT(count <= front_room(), "there is room for that in front");
        begin_ -= static_cast<std::uint32_t>(count);
        size_ += static_cast<std::uint32_t>(count);
    }
    void grow_back(std::size_t count) {
        FT_ASSERT(count <= back_room(), "there is room for that behind");
        size_ += static_cast<std::uint32_t>(count);
    }
    void drop_front(std::size_t count) {
        FT_ASSERT(count <= size_, "no more is dropped than there is");
        begin_ += static_cast<std::uint32_t>(count);
        size_ -= static_cast<std::uint32_t>(count);
    }
    /// Only the first ones stay.
    void keep(std::size_t count) {
        FT_ASSERT(count <= size_, "no more is kept than there is");
        size_ = static_cast<std::uint32_t>(count);
    }

private:
    // Few sizes, so that most find the memory of another one.
    static constexpr std::size_t kGrain = 128;

    std::byte* block_ = nullptr;
    std::uint32_t capacity_ = 0;
    std::uint32_t begin_ = 0;
    std::uint32_t size_ = 0;
};

}  // namespace fivetuple
