#pragma once

#include "fivetuple/protocol/framing/frame.h"

namespace fivetuple {

/// Frames that are all of one size, and nothing but payload.
class FixedSize {
public:
    /// `size` bytes, at least 1.
    explicit FixedSize(std::size_t size);

    /// The frame at the front of `bytes`; none while it is not all there. Never fails.
    Result<std::optional<Frame>> find(Bytes bytes) const;
    std::size_t needed(Bytes) const { return size_; }
    /// Why a stream that ended behind `bytes` ended too early: ended.
    Error truncated(Bytes bytes) const;

    /// Nothing goes around a payload. Errors: malformed, for one of another size.
    Result<FrameBorders> enclose(Bytes payload, std::uint8_t type = 0) const;

    std::size_t size() const { return size_; }

private:
    std::size_t size_;
};

}  // namespace fivetuple
