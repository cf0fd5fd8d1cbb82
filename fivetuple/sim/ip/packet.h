#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/pool.h"

#include <cstddef>
#include <cstring>
#include <utility>

namespace fivetuple::sim {

/// The bytes of one IP packet, as they would be on a wire. Moved, never copied unasked. Its memory
/// is the pool's.
class Packet {
public:
    Packet() = default;
    /// Of `size` bytes that are still to be written.
    explicit Packet(std::size_t size)
        : bytes_(static_cast<std::byte*>(pool_allocate(room(size)))), size_(size) {}
    Packet(Packet&& other) noexcept
        : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Packet& operator=(Packet&& other) noexcept {
        Packet before(std::move(*this));
        std::swap(bytes_, other.bytes_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Packet() {
        if (bytes_ != nullptr) pool_free(bytes_, room(size_));
    }

    /// A packet of the same bytes.
    static Packet copy_of(Bytes bytes) {
        Packet copy(bytes.size());
        if (!bytes.empty()) std::memcpy(copy.bytes_, bytes.data(), bytes.size());
        return copy;
    }

    Bytes bytes() const { return {bytes_, size_}; }
    MutableBytes bytes() { return {bytes_, size_}; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

private:
    // Few sizes, so that most packets find memory of another one.
    static std::size_t room(std::size_t size) { return (size + 127) / 128 * 128; }

    std::byte* bytes_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace fivetuple::sim
