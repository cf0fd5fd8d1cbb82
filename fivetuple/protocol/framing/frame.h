#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fivetuple {

/// One message of a stream, and how many bytes of the stream it took. The payload is a view of what
/// it was found in.
struct Frame {
    Bytes payload;
    std::uint8_t type = 0;
    std::size_t size = 0;
};

/// What stands around a payload that is sent. The trailer is a view of the framing's own bytes.
struct FrameBorders {
    std::array<std::byte, 16> header{};
    std::size_t header_size = 0;
    Bytes trailer = {};

    Bytes front() const { return Bytes(header).first(header_size); }
};

/// A framing as a reader needs it: `find(bytes)` gives the frame at the front of the bytes, or none
/// while it is not all there; `needed(bytes)` is how many bytes from the front on would help. One
/// that can say more of a stream that ended inside a frame has `truncated(bytes)`, an Error.
template <class F>
concept FindsFrames = requires(F& framing, Bytes bytes) {
    { framing.find(bytes) } -> std::same_as<Result<std::optional<Frame>>>;
    { framing.needed(bytes) } -> std::convertible_to<std::size_t>;
};

/// A framing as a writer needs it: `enclose(payload, type)` gives what goes around the payload.
template <class F>
concept EnclosesFrames = requires(const F& framing, Bytes payload, std::uint8_t type) {
    { framing.enclose(payload, type) } -> std::same_as<Result<FrameBorders>>;
};

/// The errors that framings share: a payload over its limit; a stream that ended inside a frame,
/// of which `come` bytes were there, and `missing` (or more, where that cannot be known) were not.
Error frame_too_long(std::uint64_t size, std::uint64_t limit);
Error frame_truncated(std::size_t come, std::uint64_t missing, bool or_more);

}  // namespace fivetuple
