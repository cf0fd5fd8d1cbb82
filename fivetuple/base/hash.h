#pragma once

#include "fivetuple/base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

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

/// Two numbers as one: their whole product, folded.
inline std::uint64_t mix_words(std::uint64_t one, std::uint64_t other) {
    const auto product = static_cast<unsigned __int128>(one) * other;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// The same as hash_bytes() for many bytes, though another number: sixteen at a time, in four rows
/// that do not wait for each other.
inline std::uint64_t hash_long(Bytes bytes, std::uint64_t seed) {
    constexpr std::uint64_t kOdd[] = {0x9e3779b97f4a7c15u, 0xbf58476d1ce4e5b9u, 0x94d049bb133111ebu,
                                      0xd6e8feb86659fd93u};
    const auto mix = [](std::uint64_t row, std::uint64_t odd, Bytes words) {
        return mix_words(row ^ take_integer<std::uint64_t>(words, ByteOrder::little),
                         odd ^ take_integer<std::uint64_t>(words.subspan(8), ByteOrder::little));
    };
    // None of them is 0 where the seed is: what is multiplied by that is forgotten.
    std::uint64_t rows[] = {seed ^ kOdd[1], seed ^ kOdd[2], seed ^ kOdd[3], bytes.size() ^ kOdd[0]};
    for (; bytes.size() >= 64; bytes = bytes.subspan(64)) {
        for (std::size_t row = 0; row < 4; ++row) {
            rows[row] = mix(rows[row], kOdd[row], bytes.subspan(row * 16));
        }
    }
    std::uint64_t whole = seed;
    for (const std::uint64_t row : rows) whole = mix_words(whole ^ row, kOdd[1]);
    for (; bytes.size() >= 16; bytes = bytes.subspan(16)) whole = mix(whole, kOdd[2], bytes);
    if (bytes.empty()) return whole;
    std::byte rest[16]{};
    std::memcpy(rest, bytes.data(), bytes.size());
    return mix(whole, kOdd[3], rest);
}

}  // namespace fivetuple
