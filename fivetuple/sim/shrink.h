#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace fivetuple::sim {

/// Of `count` things that together make something fail, a part that still does, and of which
/// nothing can be left out: what is left of them, by number. `fails` is asked of parts, in order,
/// and must answer the same each time; all together are taken to fail. A. Zeller, R. Hildebrandt,
/// "Simplifying and Isolating Failure-Inducing Input", 2002
std::vector<std::size_t> shrink(std::size_t count,
                                const std::function<bool(const std::vector<std::size_t>&)>& fails);

}  // namespace fivetuple::sim
