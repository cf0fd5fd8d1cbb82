#pragma once

#include <cstdint>

namespace fivetuple {

/// Names an open socket to a backend. The generation tells it from an earlier socket that had the
/// same number: one that has been closed never reaches its successor.
struct Handle {
    std::int32_t number = -1;
    std::uint32_t generation = 0;

    explicit operator bool() const { return number >= 0; }
    bool operator==(const Handle&) const = default;
};

}  // namespace fivetuple
