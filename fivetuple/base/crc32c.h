#pragma once

#include "fivetuple/base/bytes.h"

#include <cstdint>

namespace fivetuple {

/// The CRC32C (Castagnoli) of `bytes`: by the processor's own instruction where it has one. What
/// comes in parts is summed part by part, each from the sum `before` it. RFC 3720, appendix B.4
std::uint32_t crc32c(Bytes bytes, std::uint32_t before = 0);

/// The same by tables only, for every processor; crc32c() is this where there is no instruction.
std::uint32_t crc32c_by_tables(Bytes bytes, std::uint32_t before = 0);

}  // namespace fivetuple
