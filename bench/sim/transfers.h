#pragma once

#include "fivetuple/sim/world.h"

#include <cstddef>
#include <cstdint>

namespace ft_bench_sim {

/// What came of transfers over simulated TCP.
struct Transfers {
    std::uint64_t segments = 0;  ///< Put on links, data and acknowledgements.
    std::uint64_t bytes = 0;     ///< That programs got.
    double simulated_seconds = 0;
    double seconds = 0;  ///< Of one core.
};

/// Two hosts with that cable between them; each sends the other `bytes`, at once, or only the first
/// does where it is not `both_ways`. Every byte is checked.
Transfers transfer(std::uint64_t seed, const fivetuple::sim::LinkOptions& options,
                   std::size_t bytes, bool both_ways);

}  // namespace ft_bench_sim
