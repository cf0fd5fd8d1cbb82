#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/sim/tcp/payload.h"
#include "fivetuple/sim/tcp/sequence.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>

namespace fivetuple::sim::tcp {

/// What a program has written and the peer has not acknowledged, by its place in the stream: a ring
/// that grows, so that each byte is copied in once and stays where it is.
class SendBuffer {
public:
    /// Its first byte is to be that one, also of what is in it already.
    void start(Sequence first) { begin_ = first; }

    Sequence begin() const { return begin_; }
    Sequence end() const { return begin_ + static_cast<std::uint32_t>(size_); }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

    void append(Bytes more) {
        if (more.empty()) return;
        make_room(size_ + more.size());
        const std::size_t at = place(size_);
        const std::size_t behind = std::min(more.size(), capacity_ - at);
        std::memcpy(room_.get() + at, more.data(), behind);
        std::memcpy(room_.get(), more.data() + behind, more.size() - behind);
        size_ += more.size();
        most_ = std::max(most_, size_);
    }

    /// The bytes from one place to another, which must be here. Valid until the next change.
    Pieces between(Sequence from, Sequence to) const {
        const std::size_t count = bytes_between(from, to);
        if (count == 0) return {};
        const std::size_t at = place(bytes_between(begin_, from));
        const std::size_t behind = std::min(count, capacity_ - at);
        return {Bytes(room_.get() + at, behind), Bytes(room_.get(), count - behind)};
    }

    /// What is in front of `to` has arrived.
    void acknowledged(Sequence to) {
        const std::size_t count = std::min<std::size_t>(bytes_between(begin_, to), size_);
        begin_ += static_cast<std::uint32_t>(count);
        size_ -= count;
        front_ = size_ == 0 ? 0 : place(count);
        if (size_ > 0) return;
        // Memory that was not needed since it was empty last goes.
        if (capacity_ > kKept && most_ < capacity_ / 4) free();
        most_ = 0;
    }

    /// Nothing of it will be sent any more.
    void purge() {
        begin_ = end();
        free();
    }

private:
    // Memory that an empty buffer holds on to.
    static constexpr std::size_t kKept = 4096;
    static constexpr std::size_t kLeast = 64;

    // Where what stands so far behind the first byte is: the capacity is a power of two.
    std::size_t place(std::size_t offset) const { return (front_ + offset) & (capacity_ - 1); }
    void make_room(std::size_t size) {
        if (size <= capacity_) return;
        const std::size_t larger = std::bit_ceil(std::max(size, kLeast));
        auto room = std::make_unique_for_overwrite<std::byte[]>(larger);
        between(begin(), end()).copy_to(room.get());
        room_ = std::move(room);
        capacity_ = larger;
        front_ = 0;
    }
    void free() {
        room_.reset();
        capacity_ = front_ = size_ = 0;
    }

    std::unique_ptr<std::byte[]> room_;
    std::size_t capacity_ = 0;
    std::size_t front_ = 0;
    std::size_t size_ = 0;
    std::size_t most_ = 0;
    Sequence begin_;
};

}  // namespace fivetuple::sim::tcp
