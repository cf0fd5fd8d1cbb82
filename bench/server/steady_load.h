#pragma once

#include "histogram.h"
#include "load.h"

#include <netinet/in.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace bench {

/// Connections that stay, each with a request of 64 bytes at fixed times, whatever becomes of the
/// others: an open loop.
struct SteadyConnections {
    sockaddr_in server = {};
    std::size_t count = 0;
    Nanoseconds period = {};         ///< Of each one's requests.
    std::uint32_t first_source = 0;  ///< They come from this address and those behind it.
};

/// What came of them.
struct SteadyTally {
    static constexpr std::size_t kPhases = 8;

    std::atomic<bool> may_ask = false;  ///< They are idle until this is set.
    std::atomic<bool> is_over = false;
    std::atomic<std::size_t> phase = 0;  ///< Latencies are counted with it.
    std::atomic<std::size_t> connected = 0;
    std::atomic<std::uint64_t> asked = 0;
    std::atomic<std::uint64_t> answered = 0;
    std::atomic<std::uint64_t> late = 0;  ///< Still due when the next request was.
    std::atomic<std::uint64_t> lost = 0;  ///< Connections that have ended.
    std::array<Histogram, kPhases> latency;
};

/// Opens them, with one answer each, then keeps them busy until it is over and no answer is due.
/// Throws a Failure when other bytes come back than were sent.
void hold_steady_connections(const SteadyConnections& how, SteadyTally& tally);

}  // namespace bench
