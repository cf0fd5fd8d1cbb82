#pragma once

#include "fivetuple/base/bytes.h"

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

namespace fivetuple::sim {

/// The bytes of one IP packet, as they would be on a wire. Moved, never copied unasked.
class Packet {
public:
    Packet() = default;
    /// Of `size` bytes that are still to be written.
    explicit Packet(std::size_t size)
        : bytes_(std::make_unique_for_overwrite<std::byte[]>(size)), size_(size) {}
    Packet(Packet&& other) noexcept
        : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
    Packet& operator=(Packet&& other) noexcept {
        bytes_ = std::move(other.bytes_);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }
    ~Packet() = default;

    /// A packet of the same bytes.
    static Packet copy_of(Bytes bytes) {
        Packet copy(bytes.size());
        if (!bytes.empty()) std::memcpy(copy.bytes_.get(), bytes.data(), bytes.size());
        return copy;
    }

    Bytes bytes() const { return {bytes_.get(), size_}; }
    MutableBytes bytes() { return {bytes_.get(), size_}; }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

private:
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t size_ = 0;
};

}  // namespace fivetuple::sim
