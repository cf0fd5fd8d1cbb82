#pragma once

#include "fivetuple/base/hash.h"
#include "fivetuple/base/random.h"

#include <cstdint>
#include <string_view>

namespace fivetuple::sim {

/// Where all chance of a world comes from: one seed, and of it a generator for each thing that has
/// a name. So a draw more in one place changes nothing in any other.
class Streams {
public:
    explicit Streams(std::uint64_t seed) : seed_(seed) {}

    /// As in `streams.named("link/a-b/loss")`; the same name gives the same numbers again.
    Random named(std::string_view name) const {
        return Random(hash_bytes(name.data(), name.size(), seed_));
    }
    /// The root of what belongs to one thing that has names of its own.
    Streams child(std::string_view name) const {
        return Streams(hash_bytes(name.data(), name.size(), ~seed_));
    }
    std::uint64_t seed() const { return seed_; }

private:
    std::uint64_t seed_;
};

}  // namespace fivetuple::sim
