#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/sim/tcp/sequence.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace fivetuple::sim::tcp {

/// What a program has written and the peer has not acknowledged, by its place in the stream.
class SendBuffer {
public:
    /// Empty, its first byte to be that one.
    void start(Sequence first) { begin_ = first; }

    Sequence begin() const { return begin_; }
    Sequence end() const { return begin_ + static_cast<std::uint32_t>(size()); }
    std::size_t size() const { return bytes_.size() - used_; }
    bool empty() const { return size() == 0; }

    void append(Bytes more) {
        bytes_.insert(bytes_.end(), more.begin(), more.end());
        most_ = std::max(most_, bytes_.size());
    }

    /// The bytes from one place to another, which must be here. Valid until the next change.
    Bytes between(Sequence from, Sequence to) const {
        return Bytes(bytes_).subspan(used_ + bytes_between(begin_, from), bytes_between(from, to));
    }

    /// What is in front of `to` has arrived.
    void acknowledged(Sequence to) {
        const std::size_t count = std::min<std::size_t>(bytes_between(begin_, to), size());
        used_ += count;
        begin_ += static_cast<std::uint32_t>(count);
        if (used_ == bytes_.size()) {
            bytes_.clear();
            used_ = 0;
            // Memory that was not needed since it was empty last goes.
            const bool is_used = most_ >= bytes_.capacity() / 4;
            if (bytes_.capacity() > kKept && !is_used) std::vector<std::byte>().swap(bytes_);
            most_ = 0;
        } else if (used_ > bytes_.size() / 2) {
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(used_));
            used_ = 0;
        }
    }

    /// Nothing of it will be sent any more.
    void purge() {
        begin_ = end();
        std::vector<std::byte>().swap(bytes_);
        used_ = 0;
    }

private:
    // Memory that an empty buffer holds on to.
    static constexpr std::size_t kKept = 4096;
    std::vector<std::byte> bytes_;
    std::size_t used_ = 0;
    std::size_t most_ = 0;
    Sequence begin_;
};

}  // namespace fivetuple::sim::tcp
