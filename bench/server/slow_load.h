#pragma once

#include "load.h"

#include <netinet/in.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace bench {

/// Peers that hold a connection and are of no use.
struct SlowPeers {
    enum class Kind : std::uint8_t {
        trickling,     ///< A byte now and then, of a request that never ends.
        never_reading  ///< Asks for 256 KiB and takes nothing.
    };
    sockaddr_in server = {};
    Kind kind = Kind::trickling;
    std::size_t count = 0;
    Nanoseconds between_bytes = {};
    Nanoseconds spread = {};  ///< They begin one after the other within this time.
    std::uint32_t first_source = 0;
};

/// What the server did with them. Once they have begun, each waits until it is ended.
struct SlowTally {
    std::atomic<bool> may_begin = false;
    std::atomic<bool> is_over = false;
    std::atomic<std::size_t> connected = 0;
    std::atomic<std::size_t> begun = 0;
    std::atomic<std::size_t> gone = 0;
    std::atomic<std::int64_t> shortest_ns = INT64_MAX;  ///< From beginning to being ended.
    std::atomic<std::int64_t> longest_ns = 0;
};

void hold_slow_peers(const SlowPeers& how, SlowTally& tally);

}  // namespace bench
