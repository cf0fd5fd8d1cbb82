#include "fivetuple/protocol/framing/delimiter.h"

#include <algorithm>

namespace fivetuple {

Result<std::optional<Frame>> Delimiter::find(Bytes bytes) {
    const std::string_view text = text_of(bytes);
    const std::size_t end = text.find(text_, std::min(looked_at_, text.size()));
    const std::size_t payload = end == text.npos ? text.size() : end;
    if (payload > limit_ + (end == text.npos ? text_.size() - 1 : 0)) {
        looked_at_ = 0;
        return std::unexpected(Error::limit(
            "frame", "no end within the limit of " + std::to_string(limit_) + " bytes"));
    }
    if (end == text.npos) {
        // A delimiter may have begun in the last bytes.
        looked_at_ = text.size() - std::min(text.size(), text_.size() - 1);
        return std::nullopt;
    }
    looked_at_ = 0;
    return Frame{bytes.first(end), 0, end + text_.size()};
}

}  // namespace fivetuple
