#pragma once

#include "fivetuple/base/bytes.h"

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

/// The same for many bytes: eight at a time, in four rows that do not wait for each other.
inline std::uint64_t hash_long(Bytes bytes, std::uint64_t seed) {
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15u;
    std::uint64_t rows[4] = {seed, ~seed, seed ^ kOdd, bytes.size()};
    const auto mix = [](std::uint64_t row, std::uint64_t word) {
        const auto product = static_cast<unsigned __int128>(row ^ word) * kOdd;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    };
    for (; bytes.size() >= 32; bytes = bytes.subspan(32)) {
        for (std::size_t row = 0; row < 4; ++row) {
            const Bytes word = bytes.subspan(row * 8);
            rows[row] = mix(rows[row], take_integer<std::uint64_t>(word, ByteOrder::little));
        }
    }
    std::uint64_t whole = seed;
    for (const std::uint64_t row : rows) whole = mix(whole, row);
    return hash_bytes(bytes.data(), bytes.size(), whole);
}

}  // namespace fivetuple
