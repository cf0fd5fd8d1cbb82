#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/pool_bytes.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

namespace fivetuple::sim::tcp {

/// Bytes that stand in one piece or in two.
struct Pieces {
    Bytes first;
    Bytes second;

    std::size_t size() const { return first.size() + second.size(); }
    bool empty() const { return first.empty() && second.empty(); }
    void copy_to(std::byte* to) const {
        if (!first.empty()) std::memcpy(to, first.data(), first.size());
        if (!second.empty()) std::memcpy(to + first.size(), second.data(), second.size());
    }
};

/// The bytes of a segment. There are many of them and each lives a moment: their memory is the
/// pool's, and the headers of TCP and IP have room in front of them.
class Payload {
public:
    /// Room for the largest headers: 40 bytes of IPv6, 60 of TCP.
    static constexpr std::size_t kFront = 100;

    Payload() = default;
    explicit Payload(PoolBytes bytes) : bytes_(std::move(bytes)) {}
    Payload(const Payload& other) { assign(other); }
    Payload(Payload&&) noexcept = default;
    Payload& operator=(const Payload& other) {
        if (this != &other) assign(other);
        return *this;
    }
    Payload& operator=(Payload&&) noexcept = default;
    ~Payload() = default;

    const std::byte* data() const { return bytes_.bytes().data(); }
    std::size_t size() const { return bytes_.size(); }
    bool empty() const { return bytes_.empty(); }
    const std::byte* begin() const { return data(); }
    const std::byte* end() const { return data() + size(); }

    void assign(Bytes bytes) { assign(Pieces{bytes, {}}); }
    void assign(const Pieces& pieces) {
        if (pieces.empty()) {
            bytes_ = {};
            return;
        }
        PoolBytes copy(pieces.size(), kFront);
        pieces.copy_to(copy.bytes().data());
        bytes_ = std::move(copy);
    }
    /// What it grows by is zero.
    void resize(std::size_t size) {
        if (size <= this->size()) return bytes_.keep(size);
        PoolBytes larger(size, kFront);
        const MutableBytes room = larger.bytes();
        std::memset(room.data(), 0, size);
        if (!empty()) std::memcpy(room.data(), data(), this->size());
        bytes_ = std::move(larger);
    }
    void drop_front(std::size_t count) { bytes_.drop_front(std::min(count, size())); }
    /// The bytes and the room around them; nothing is left here.
    PoolBytes take() { return std::exchange(bytes_, {}); }

    bool operator==(const Payload& other) const {
        return std::equal(begin(), end(), other.begin(), other.end());
    }

private:
    PoolBytes bytes_;
};

}  // namespace fivetuple::sim::tcp
