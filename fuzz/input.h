#pragma once

#include "fivetuple/base/assert.h"
#include "fivetuple/base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

// What fuzz targets share: each reads its bytes through an Input, and says what must be true of
// them by FT_ASSERT.
namespace fivetuple::fuzzing {

/// The bytes of one run. The first few may be taken as choices; an input that is used up gives 0.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size)
        : left_{reinterpret_cast<const std::byte*>(data), size} {}

    /// One byte, as a number below `limit`.
    std::size_t choose(std::size_t limit) {
        if (left_.empty()) return 0;
        const auto byte = std::to_integer<std::size_t>(left_.front());
        left_ = left_.subspan(1);
        return byte % limit;
    }
    /// The next so many bytes, or as many as there are.
    Bytes take(std::size_t count) {
        const Bytes taken = left_.first(count < left_.size() ? count : left_.size());
        left_ = left_.subspan(taken.size());
        return taken;
    }
    Bytes rest() const { return left_; }
    std::string_view text() const { return text_of(left_); }

private:
    Bytes left_;
};

}  // namespace fivetuple::fuzzing

/// Feeds one input to the target; what libFuzzer and the replay call.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
