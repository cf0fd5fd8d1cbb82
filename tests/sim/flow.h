#pragma once

#include "fivetuple/sim/link/link.h"
#include "fivetuple/sim/tcp/limits.h"

#include <cstdint>

// One connection that carries as much as it can over a simulated link: nothing but TCP, the link
// and virtual time decides what comes of it, so the same options give the same numbers everywhere.
namespace fivetuple::testing {

struct FlowOptions {
    sim::tcp::Limits::Algorithm algorithm = sim::tcp::Limits::Algorithm::cubic;
    sim::LinkOptions link;         ///< That the data takes; the way back has its delay alone.
    std::uint64_t lose_every = 0;  ///< One packet of data of so many is lost; 0: none.
    Duration warm_up = std::chrono::seconds(5);  ///< That is not measured.
    Duration measured = std::chrono::seconds(10);
};

struct FlowResult {
    std::uint64_t bytes = 0;     ///< That came to the program in the measured time.
    std::uint64_t repeated = 0;  ///< Segments that were sent again, from the beginning on.
    std::uint64_t packets = 0;   ///< On the link of the data, from the beginning on.
    double kilobits_a_second = 0;
    double round_trip = 0;  ///< Mean of what the sender measured, in seconds: with delayed ACKs.
    double window = 0;      ///< Mean, in full segments: what such a round trip carried.
};

inline constexpr std::uint32_t kFullSegment = 1448;

FlowResult run_flow(const FlowOptions& options);

}  // namespace fivetuple::testing
