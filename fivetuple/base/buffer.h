#pragma once

#include "fivetuple/base/bytes.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

namespace fivetuple {

/// Bytes that come in at the back and go out at the front: what a reader has received and not yet
/// used. Grows when it must, and keeps what it has grown to.
class Buffer {
public:
    Buffer() = default;
    explicit Buffer(std::size_t capacity) : bytes_(capacity) {}

    Bytes unread() const { return {bytes_.data() + begin_, end_ - begin_}; }
    std::size_t size() const { return end_ - begin_; }
    bool empty() const { return begin_ == end_; }

    /// Room for at least `least` more bytes, valid until the next call.
    MutableBytes room(std::size_t least) {
        if (bytes_.size() - end_ < least) make_room(least);
        return {bytes_.data() + end_, bytes_.size() - end_};
    }
    /// The first `count` bytes of room() have been filled.
    void filled(std::size_t count) { end_ += count; }

    void append(Bytes more) {
        if (more.empty()) return;
        std::memcpy(room(more.size()).data(), more.data(), more.size());
        filled(more.size());
    }

    /// The first `count` bytes have been used. Views of unread() stay good until room() is called.
    void used(std::size_t count) {
        begin_ += count;
        if (begin_ == end_) begin_ = end_ = 0;
    }
    void clear() { begin_ = end_ = 0; }

private:
    void make_room(std::size_t least) {
        if (begin_ > 0) {
            std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        if (bytes_.size() - end_ < least) bytes_.resize(std::max(end_ + least, bytes_.size() * 2));
    }

    std::vector<std::byte> bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace fivetuple
