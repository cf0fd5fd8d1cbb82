#pragma once

#include "options.h"
#include "results.h"

#include <vector>

namespace bench {

/// Runs all servers side by side under this load. Each takes turns of a slice in a fresh random
/// order, rotation after rotation; only one is busy at any time.
RowResult measure_row(const Row& row, const Options& options);

/// Counts system calls of every server on the rows that are counted, in a pass of its own.
std::vector<CallCounts> count_calls(const Options& options);

/// Measures every server's memory for idle connections, one fresh process after the other.
std::vector<IdleMemory> measure_idle_memory(const Options& options);

}  // namespace bench
