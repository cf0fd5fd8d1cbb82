#pragma once

#include <cstddef>

namespace fivetuple {

/// Loops of this process that have not ended, of all threads; those that a fork() has copied are
/// counted, too.
std::size_t loop_count();

}  // namespace fivetuple
