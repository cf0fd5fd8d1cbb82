#include "fivetuple/protocol/framing/length_prefix.h"

#include "fivetuple/base/assert.h"

#include <algorithm>

namespace fivetuple {

std::optional<std::uint64_t> LengthPrefix::announced(Bytes bytes) const {
    FT_ASSERT(width == 1 || width == 2 || width == 4 || width == 8,
              "a length has 1, 2, 4 or 8 bytes");
    if (bytes.size() < width) return std::nullopt;
    switch (width) {
        case 1:
            return take_integer<std::uint8_t>(bytes, order);
        case 2:
            return take_integer<std::uint16_t>(bytes, order);
        case 4:
            return take_integer<std::uint32_t>(bytes, order);
        default:
            return take_integer<std::uint64_t>(bytes, order);
    }
}

Result<std::optional<Frame>> LengthPrefix::find(Bytes bytes) const {
    const auto size = announced(bytes);
    if (!size) return std::nullopt;
    if (*size > limit) return std::unexpected(frame_too_long(*size, limit));
    if (bytes.size() < header_size() || bytes.size() - header_size() < *size) return std::nullopt;
    Frame frame;
    if (has_type) frame.type = std::to_integer<std::uint8_t>(bytes[width]);
    frame.payload = bytes.subspan(header_size(), static_cast<std::size_t>(*size));
    frame.size = header_size() + frame.payload.size();
    return frame;
}

std::size_t LengthPrefix::needed(Bytes bytes) const {
    const auto size = announced(bytes);
    if (!size) return header_size();
    // Where there is no limit to speak of, the sum might overflow.
    const std::uint64_t most = std::min(limit, SIZE_MAX - header_size());
    return header_size() + static_cast<std::size_t>(std::min(*size, most));
}

Error LengthPrefix::truncated(Bytes bytes) const {
    const bool is_known = announced(bytes).has_value();
    return frame_truncated(bytes.size(), needed(bytes) - bytes.size(), !is_known);
}

Result<FrameBorders> LengthPrefix::enclose(Bytes payload, std::uint8_t type) const {
    FT_ASSERT(has_type || type == 0, "these frames have no type byte");
    FrameBorders borders;
    FT_TRY_VOID(put_header(borders.header, payload.size(), type));
    borders.header_size = header_size();
    return borders;
}

Result<void> LengthPrefix::put_header(MutableBytes to, std::size_t payload,
                                      std::uint8_t type) const {
    const std::uint64_t most = width >= 8 ? UINT64_MAX : (std::uint64_t{1} << (8 * width)) - 1;
    if (payload > std::min<std::uint64_t>(limit, most)) {
        return std::unexpected(frame_too_long(payload, std::min<std::uint64_t>(limit, most)));
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
