#pragma once

#include "fivetuple/protocol/framing/frame.h"

namespace fivetuple {

/// Frames that say how long they are: a length in 1, 2, 4 or 8 bytes, a type byte where the
/// protocol has one, and then so many bytes of payload.
struct LengthPrefix {
    std::size_t width = 4;
    ByteOrder order = ByteOrder::big;
    bool has_type = false;
    /// Bytes of payload that a peer may announce; looked at before anything is made of the
    /// announcement.
    std::size_t limit = std::size_t{1} << 20;

    std::size_t header_size() const { return width + (has_type ? 1 : 0); }

    /// The frame at the front of `bytes`; none while it is not all there.
    /// Errors: limit, for a payload longer than that.
    Result<std::optional<Frame>> find(Bytes bytes) const;
    /// How many bytes from the front of `bytes` on are needed to find more, as far as one can tell.
    std::size_t needed(Bytes bytes) const;
    /// Why a stream that ended behind `bytes` ended too early: ended.
    Error truncated(Bytes bytes) const;

    /// What goes around a payload. Errors: as put_header().
    Result<FrameBorders> enclose(Bytes payload, std::uint8_t type = 0) const;
    /// Writes the header of a frame to `to`, which has room for header_size() bytes.
    /// Errors: limit, for a payload longer than that or than the width can say.
    Result<void> put_header(MutableBytes to, std::size_t payload, std::uint8_t type = 0) const;

    /// The length that `bytes` begin with; none while it is not all there.
    std::optional<std::uint64_t> announced(Bytes bytes) const;
};

}  // namespace fivetuple
