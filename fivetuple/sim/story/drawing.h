#pragma once

#include "fivetuple/sim/story/story.h"

#include <cstddef>
#include <string>

namespace fivetuple::sim {

struct DrawingOptions {
    std::string title;
    std::size_t most_arrows = 250;  ///< Of the first packets.
    std::size_t most_series = 6;    ///< Of connections, and of lines.
};

/// What a Story has seen as an SVG picture: who sent what to whom, the congestion windows, and the
/// queues before slow lines.
std::string draw(const Story& story, const DrawingOptions& options = {});

}  // namespace fivetuple::sim
