#include "fivetuple/protocol/framing/delimiter.h"

#include <algorithm>

namespace fivetuple {

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

}  // namespace fivetuple
