#pragma once

#include "fivetuple/base/error.h"

#include <gtest/gtest.h>

#include <ostream>

namespace fivetuple {

inline void PrintTo(const Error& error, std::ostream* out) { *out << error.message(); }

}  // namespace fivetuple
