#pragma once

#include "fivetuple/base/hash.h"
#include "fivetuple/os/five_tuple.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fivetuple::sim::tcp {

/// Both ends of a connection in a few words, to look it up by.
class TupleKey {
public:
    TupleKey(const IpAddress& local, std::uint16_t local_port, const IpAddress& peer,
             std::uint16_t peer_port) {
        std::memcpy(&words_[0], local.v6_bytes().data(), 16);
        std::memcpy(&words_[2], peer.v6_bytes().data(), 16);
        words_[4] = std::uint64_t{local_port} << 32 | std::uint64_t{peer_port} << 16 |
                    (local.is_v4() ? 2u : 0u) | (peer.is_v4() ? 1u : 0u);
        words_[5] = std::uint64_t{local.scope()} << 32 | peer.scope();
    }
    explicit TupleKey(const FiveTuple& tuple)
        : TupleKey(tuple.local.ip(), tuple.local.port(), tuple.peer.ip(), tuple.peer.port()) {}

    bool operator==(const TupleKey&) const = default;

    struct Hash {
        std::size_t operator()(const TupleKey& key) const {
            constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15u;
            const auto& words = key.words_;
            return mix_words(words[0] ^ kOdd, words[1] ^ words[4] ^ kOdd) ^
                   mix_words(words[2] ^ ~kOdd, words[3] ^ words[5] ^ (words[4] * kOdd) ^ ~kOdd);
        }
    };

private:
    std::array<std::uint64_t, 6> words_{};
};

}  // namespace fivetuple::sim::tcp
