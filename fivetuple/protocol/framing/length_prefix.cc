#include "fivetuple/protocol/framing/length_prefix.h"

#include "fivetuple/base/assert.h"

#include <algorithm>
#include <string>

namespace fivetuple {
namespace {

Error too_long(std::uint64_t size, std::size_t limit) {
    return Error::limit("frame", "a payload of " + std::to_string(size) +
                                     " bytes is over the limit of " + std::to_string(limit));
}

}  // namespace

std::uint64_t LengthPrefix::announced(Bytes header) const {
    switch (width) {
        case 1:
            return take_integer<std::uint8_t>(header, order);
        case 2:
            return take_integer<std::uint16_t>(header, order);
        case 4:
            return take_integer<std::uint32_t>(header, order);
        default:
            FT_ASSERT(width == 8, "a length has 1, 2, 4 or 8 bytes");
            return take_integer<std::uint64_t>(header, order);
    }
}

Result<std::optional<Frame>> LengthPrefix::find(Bytes bytes) const {
    if (bytes.size() < width) return std::nullopt;
    const std::uint64_t size = announced(bytes);
    if (size > limit) return std::unexpected(too_long(size, limit));
    if (bytes.size() < header_size() || bytes.size() - header_size() < size) return std::nullopt;
    Frame frame;
    if (has_type) frame.type = std::to_integer<std::uint8_t>(bytes[width]);
    frame.payload = bytes.subspan(header_size(), static_cast<std::size_t>(size));
    frame.size = header_size() + frame.payload.size();
    return frame;
}

std::size_t LengthPrefix::needed(Bytes bytes) const {
    if (bytes.size() < width) return header_size();
    // Where there is no limit to speak of, the sum might overflow.
    const std::uint64_t most = std::min(limit, SIZE_MAX - header_size());
    return header_size() + static_cast<std::size_t>(std::min(announced(bytes), most));
}

Result<void> LengthPrefix::put_header(MutableBytes to, std::size_t payload,
                                      std::uint8_t type) const {
    const std::uint64_t most = width >= 8 ? UINT64_MAX : (std::uint64_t{1} << (8 * width)) - 1;
    if (payload > std::min<std::uint64_t>(limit, most)) {
        return std::unexpected(too_long(payload, std::min<std::uint64_t>(limit, most)));
    }
    switch (width) {
        case 1:
            put_integer(to, static_cast<std::uint8_t>(payload), order);
            break;
        case 2:
            put_integer(to, static_cast<std::uint16_t>(payload), order);
            break;
        case 4:
            put_integer(to, static_cast<std::uint32_t>(payload), order);
            break;
        default:
            FT_ASSERT(width == 8, "a length has 1, 2, 4 or 8 bytes");
            put_integer(to, static_cast<std::uint64_t>(payload), order);
            break;
    }
    if (has_type) to[width] = std::byte{type};
    return {};
}

}  // namespace fivetuple
