#pragma once

namespace fivetuple {

/// Prints where and why, then aborts. For mistakes of the programmer, never for those of the world.
[[noreturn]] void assertion_failed(const char* file, int line, const char* condition,
                                   const char* why);

}  // namespace fivetuple

/// Stays on in release builds: a broken promise in network code is found by a stranger otherwise.
#define FT_ASSERT(condition, why)       \
    ((condition) ? static_cast<void>(0) \
                 : ::fivetuple::assertion_failed(__FILE__, __LINE__, #condition, why))
