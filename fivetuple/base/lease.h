#pragma once

#include "fivetuple/base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace fivetuple {

/// Where leased buffers come from and go back to: as a rule a backend.
class LeaseSource {
public:
    virtual void give_back(std::byte* buffer, std::uint32_t id) = 0;

protected:
    ~LeaseSource() = default;
};

/// Received bytes in a buffer that belongs to a backend and goes back to it when the lease ends.
/// Must end before its loop does. Empty at the end of a stream.
class Lease {
public:
    Lease() = default;
    Lease(LeaseSource* source, std::byte* buffer, std::uint32_t size, std::uint32_t id)
        : source_(source), buffer_(buffer), size_(size), id_(id) {}
    Lease(Lease&& other) noexcept
        : source_(std::exchange(other.source_, nullptr)),
          buffer_(std::exchange(other.buffer_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          id_(other.id_) {}
    Lease& operator=(Lease&& other) noexcept {
        Lease(std::move(other)).swap(*this);
        return *this;
    }
    ~Lease() {
        if (source_ != nullptr) source_->give_back(buffer_, id_);
    }

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    Bytes bytes() const { return {buffer_, size_}; }
    /// The bytes may be changed: they are nobody else's.
    MutableBytes bytes() { return {buffer_, size_}; }

    /// Hands on the duty to give the buffer back; to no source where there is nothing to give back.
    void release(LeaseSource*& source, std::byte*& buffer, std::uint32_t& id) && {
        source = std::exchange(source_, nullptr);
        buffer = std::exchange(buffer_, nullptr);
        id = id_;
        size_ = 0;
    }

    void swap(Lease& other) noexcept {
        std::swap(source_, other.source_);
        std::swap(buffer_, other.buffer_);
        std::swap(size_, other.size_);
        std::swap(id_, other.id_);
    }

private:
    LeaseSource* source_ = nullptr;
    std::byte* buffer_ = nullptr;
    std::uint32_t size_ = 0;
    std::uint32_t id_ = 0;
};

}  // namespace fivetuple
