#pragma once

#include <cstdint>
#include <string_view>

namespace fivetuple {

/// How a pump moved its bytes: through this process's memory, or inside the kernel.
enum class PumpWay : std::uint8_t { copied, spliced };

constexpr std::string_view to_string(PumpWay way) {
    return way == PumpWay::spliced ? "spliced" : "copied";
}

/// What a pump has done, so far or in all.
struct PumpCount {
    std::uint64_t bytes = 0;      ///< Bytes that the receiving side's kernel has taken.
    std::uint64_t copied = 0;     ///< Those of them that went through this process's memory.
    bool ended = false;           ///< The source came to its end; else a limit or an error stopped.
    std::string_view why_copied;  ///< Why splicing was not possible, where it was not.

    PumpWay way() const { return copied == bytes ? PumpWay::copied : PumpWay::spliced; }
};

}  // namespace fivetuple
