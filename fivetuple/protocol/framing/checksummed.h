#pragma once

#include "fivetuple/protocol/framing/length_prefix.h"

namespace fivetuple {

/// Frames that tell when they were damaged: a length in 1, 2, 4 or 8 bytes, a type byte where the
/// protocol has one, the CRC32C in 4 bytes, and then the payload.
struct Checksummed {
    std::size_t width = 4;
    ByteOrder order = ByteOrder::big;  ///< Of the length and of the checksum.
    bool has_type = false;
    /// As LengthPrefix's.
    std::size_t limit = std::size_t{1} << 20;
    /// The checksum is over length, type and payload, so that a run of zero bytes is no row of
    /// empty frames. Some protocols sum the payload alone: false.
    bool sums_header = true;

    std::size_t header_size() const { return prefix().header_size() + 4; }

    /// The frame at the front of `bytes`; none while it is not all there.
    /// Errors: limit, for a payload longer than that; malformed, where the checksum is another.
    Result<std::optional<Frame>> find(Bytes bytes) const;
    /// As LengthPrefix's.
    std::size_t needed(Bytes bytes) const;
    Error truncated(Bytes bytes) const;

    /// What goes around a payload. Errors: limit, for one longer than that or than the width can
    /// say.
    Result<FrameBorders> enclose(Bytes payload, std::uint8_t type = 0) const;

private:
    LengthPrefix prefix() const { return {width, order, has_type, limit}; }
    std::uint32_t sum_of(Bytes header, Bytes payload) const;
};

}  // namespace fivetuple
