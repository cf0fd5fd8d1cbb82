#pragma once

#include <cstdint>

namespace fivetuple {

/// What a packet says about congestion: a router may mark it instead of dropping it. RFC 3168
enum class Ecn : std::uint8_t {
    not_capable = 0,
    capable_1 = 1,  ///< ECT(1), which L4S uses.
    capable_0 = 2,  ///< ECT(0)
    congested = 3,  ///< CE
};

}  // namespace fivetuple
