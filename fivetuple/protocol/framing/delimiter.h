#pragma once

#include "fivetuple/base/assert.h"
#include "fivetuple/protocol/framing/frame.h"

#include <string>
#include <utility>

namespace fivetuple {

/// Frames that end where a certain text stands, as lines do. The text is not part of the payload.
class Delimiter {
public:
    explicit Delimiter(std::string text = "\n", std::size_t limit = std::size_t{64} * 1024)
        : text_(std::move(text)), limit_(limit) {
        FT_ASSERT(!text_.empty(), "nothing ends with no text at all");
    }

    /// The frame at the front of `bytes`; none while its end is not there. Looks at each byte once,
    /// however often it is asked about a stream that grows.
    /// Errors: limit, where no end comes within so many bytes of payload.
    Result<std::optional<Frame>> find(Bytes bytes);
    /// How many bytes from the front of `bytes` on are needed to find more.
    std::size_t needed(Bytes bytes) const { return bytes.size() + 1; }
    /// Why a stream that ended behind `bytes` ended too early: ended.
    Error truncated(Bytes bytes) const;

    /// What goes around a payload. Errors: limit; malformed, where the end would be found in the
    /// payload.
    Result<FrameBorders> enclose(Bytes payload, std::uint8_t type = 0) const;

    const std::string& text() const { return text_; }

private:
    std::string text_;
    std::size_t limit_;
    std::size_t looked_at_ = 0;  // Bytes at the front in which no delimiter begins.
};

}  // namespace fivetuple
