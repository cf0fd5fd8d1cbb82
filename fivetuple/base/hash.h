#pragma once

#include <cstddef>
#include <cstdint>

namespace fivetuple {

/// Mixes bytes into a number for hash tables (FNV-1a, then SplitMix64's finish). Not for defence:
/// who can choose the bytes can make them collide.
inline std::size_t hash_bytes(const void* data, std::size_t size, std::uint64_t seed) {
    std::uint64_t mixed = 0xcbf29ce484222325u ^ seed;
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (std::size_t at = 0; at < size; ++at) mixed = (mixed ^ bytes[at]) * 0x100000001b3u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    return mixed ^ (mixed >> 31);
}

}  // namespace fivetuple
