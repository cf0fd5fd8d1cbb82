#include "fivetuple/protocol/framing/fixed_size.h"

#include "fivetuple/base/assert.h"

#include <string>

namespace fivetuple {

FixedSize::FixedSize(std::size_t size) : size_(size) {
    FT_ASSERT(size > 0, "a frame of no bytes would be found for ever");
}

Result<std::optional<Frame>> FixedSize::find(Bytes bytes) const {
    if (bytes.size() < size_) return std::nullopt;
    return Frame{bytes.first(size_), 0, size_};
}

Error FixedSize::truncated(Bytes bytes) const {
    return frame_truncated(bytes.size(), size_ - bytes.size(), false);
}

Result<FrameBorders> FixedSize::enclose(Bytes payload, std::uint8_t type) const {
    FT_ASSERT(type == 0, "these frames have no type byte");
    if (payload.size() == size_) return FrameBorders();
    return std::unexpected(Error::malformed("frame", "a frame has " + std::to_string(size_) +
                                                         " bytes here, the payload has " +
                                                         std::to_string(payload.size())));
}

}  // namespace fivetuple
