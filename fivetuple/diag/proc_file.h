#pragma once

#include "fivetuple/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace fivetuple::diag {

/// All of a file below /proc. Errors: those of open(2) and read(2), about the path.
Result<std::string> read_proc_file(const std::string& path);

/// The numbers of a file below /proc/sys: `net.core.somaxconn`, one or several.
/// Errors: as read_proc_file(); malformed, where there are others than numbers.
Result<std::vector<std::int64_t>> read_setting(std::string_view name);

}  // namespace fivetuple::diag
