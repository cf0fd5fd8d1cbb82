#include "fivetuple/protocol/framing/delimiter.h"

#include <algorithm>

namespace fivetuple {
namespace {

// Where `delimiter` begins first in `payload` with the delimiter behind it: at the payload's end,
// unless it stands inside or the payload's last bytes are its beginning.
std::size_t first_end(std::string_view payload, std::string_view delimiter) {
    if (const std::size_t inside = payload.find(delimiter); inside != payload.npos) return inside;
    for (std::size_t begun = std::min(delimiter.size() - 1, payload.size()); begun > 0; --begun) {
        const std::string_view rest = delimiter.substr(begun);
        if (payload.ends_with(delimiter.substr(0, begun)) && delimiter.starts_with(rest)) {
            return payload.size() - begun;
        }
    }
    return payload.size();
}

}  // namespace

Result<std::optional<Frame>> Delimiter::find(Bytes bytes) {
    const std::string_view text = text_of(bytes);
    const std::size_t end = text.find(text_, std::min(looked_at_, text.size()));
    // A delimiter may have begun in the last bytes.
    const std::size_t begun = std::min(text.size(), text_.size() - 1);
    const std::size_t payload = end == text.npos ? text.size() - begun : end;
    if (payload > limit_) {
        looked_at_ = 0;
        return std::unexpected(Error::limit(
            "frame", "no end within the limit of " + std::to_string(limit_) + " bytes"));
    }
    if (end == text.npos) {
        looked_at_ = payload;
        return std::nullopt;
    }
    looked_at_ = 0;
    return Frame{bytes.first(end), 0, end + text_.size()};
}

Error Delimiter::truncated(Bytes bytes) const {
    return Error::ended("frame").because(
        "the stream ended inside a frame: " + std::to_string(bytes.size()) +
        (bytes.size() == 1 ? " byte" : " bytes") + " had come, the text that ends it was missing");
}

Result<FrameBorders> Delimiter::enclose(Bytes payload, std::uint8_t type) const {
    FT_ASSERT(type == 0, "these frames have no type byte");
    if (payload.size() > limit_) return std::unexpected(frame_too_long(payload.size(), limit_));
    if (const auto end = first_end(text_of(payload), text_); end < payload.size()) {
        return std::unexpected(Error::malformed(
            "frame", "the text that ends a frame would be found after " + std::to_string(end) +
                         " of the payload's " + std::to_string(payload.size()) + " bytes"));
    }
    FrameBorders borders;
    borders.trailer = bytes_of(text_);
    return borders;
}

}  // namespace fivetuple
