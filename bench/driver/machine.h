#pragma once

#include "results.h"

namespace bench {

/// What this machine is, as far as it matters to the figures.
Machine describe_machine(int argc, char** argv);

}  // namespace bench
