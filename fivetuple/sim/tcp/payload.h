#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/pool.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

namespace fivetuple::sim::tcp {

/// The bytes of a segment. There are many of them and each lives a moment: their memory is the
/// pool's.
class Payload {
public:
    Payload() = default;
    Payload(const Payload& other) { assign(other); }
    Payload(Payload&& other) noexcept
        : room_(std::exchange(other.room_, nullptr)),
          capacity_(std::exchange(other.capacity_, 0)),
          begin_(std::exchange(other.begin_, 0)),
          end_(std::exchange(other.end_, 0)) {}
    Payload& operator=(const Payload& other) {
        if (this != &other) assign(other);
        return *this;
    }
    Payload& operator=(Payload&& other) noexcept {
        std::swap(room_, other.room_);
        std::swap(capacity_, other.capacity_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
        return *this;
    }
    ~Payload() {
        if (room_ != nullptr) pool_free(room_, capacity_);
    }

    const std::byte* data() const { return room_ + begin_; }
    std::size_t size() const { return end_ - begin_; }
    bool empty() const { return begin_ == end_; }
    const std::byte* begin() const { return room_ + begin_; }
    const std::byte* end() const { return room_ + end_; }

    void assign(Bytes bytes) {
        make_room(bytes.size());
        if (!bytes.empty()) std::memcpy(room_, bytes.data(), bytes.size());
        end_ = bytes.size();
    }
    /// What it grows by is zero.
    void resize(std::size_t size) {
        if (size > this->size()) {
            Payload larger;
            larger.make_room(size);
            std::memset(larger.room_, 0, size);
            if (!empty()) std::memcpy(larger.room_, data(), this->size());
            larger.end_ = size;
            *this = std::move(larger);
        } else {
            end_ = begin_ + size;
        }
    }
    void drop_front(std::size_t count) { begin_ += std::min(count, size()); }

    bool operator==(const Payload& other) const {
        return std::equal(begin(), end(), other.begin(), other.end());
    }

private:
    // Empty, and with room for that. Few sizes, so that most find the memory of another one.
    void make_room(std::size_t size) {
        begin_ = end_ = 0;
        if (size <= capacity_) return;
        if (room_ != nullptr) pool_free(room_, capacity_);
        capacity_ = (size + 127) / 128 * 128;
        room_ = static_cast<std::byte*>(pool_allocate(capacity_));
    }

    std::byte* room_ = nullptr;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace fivetuple::sim::tcp
