#pragma once

#include <cstdint>

namespace fivetuple::testing_help {

/// Times that this process has asked for memory: malloc(3), its relations, and operator new.
std::uint64_t allocations();

}  // namespace fivetuple::testing_help
