#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/hash.h"
#include "fivetuple/base/pool_bytes.h"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace fivetuple::sim {

/// The bytes of one IP packet, as they would be on a wire. Moved, never copied unasked. Its memory
/// is the pool's.
class Packet {
public:
    Packet() = default;
    /// Of `size` bytes that are still to be written.
    explicit Packet(std::size_t size) : bytes_(size) {}
    explicit Packet(PoolBytes bytes) : bytes_(std::move(bytes)) {}

    /// A packet of the same bytes.
    static Packet copy_of(Bytes bytes) { return Packet(PoolBytes::copy_of(bytes)); }
    /// What it is made of, for who reads it layer by layer.
    PoolBytes take() && { return std::move(bytes_); }

    Bytes bytes() const { return std::as_const(bytes_).bytes(); }
    MutableBytes bytes() {
        hash_ = 0;
        return bytes_.bytes();
    }
    std::size_t size() const { return bytes_.size(); }
    bool empty() const { return bytes_.empty(); }

    /// Of all its bytes, reckoned once for as long as nobody has asked to change them.
    std::uint64_t hash() const {
        if (hash_ == 0) hash_ = hash_long(bytes(), bytes_.size()) | 1;
        return hash_;
    }

private:
    PoolBytes bytes_;
    mutable std::uint64_t hash_ = 0;
};

}  // namespace fivetuple::sim
