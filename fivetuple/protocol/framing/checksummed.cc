#include "fivetuple/protocol/framing/checksummed.h"

#include "fivetuple/base/crc32c.h"

#include <algorithm>
#include <cstdio>

namespace fivetuple {
namespace {

Error damaged(std::size_t size, std::uint32_t announced, std::uint32_t sum) {
    char why[112];
    std::snprintf(why, sizeof why,
                  "a frame of %zu bytes is damaged: its checksum is %08x, and %08x was announced",
                  size, sum, announced);
    return Error::malformed("frame", why);
}

}  // namespace

std::uint32_t Checksummed::sum_of(Bytes header, Bytes payload) const {
    const std::uint32_t before = sums_header ? crc32c(header) : 0;
    return crc32c(payload, before);
}

Result<std::optional<Frame>> Checksummed::find(Bytes bytes) const {
    const auto size = prefix().announced(bytes);
    if (!size) return std::nullopt;
    if (*size > limit) return std::unexpected(frame_too_long(*size, limit));
    if (bytes.size() < header_size() || bytes.size() - header_size() < *size) return std::nullopt;
    Frame frame;
    if (has_type) frame.type = std::to_integer<std::uint8_t>(bytes[width]);
    frame.payload = bytes.subspan(header_size(), static_cast<std::size_t>(*size));
    frame.size = header_size() + frame.payload.size();
    const Bytes summed = bytes.first(prefix().header_size());
    const auto announced = take_integer<std::uint32_t>(bytes.subspan(summed.size()), order);
    const std::uint32_t sum = sum_of(summed, frame.payload);
    if (sum != announced) return std::unexpected(damaged(frame.size, announced, sum));
    return frame;
}

std::size_t Checksummed::needed(Bytes bytes) const {
    const std::size_t without_sum = prefix().needed(bytes);
    return without_sum > SIZE_MAX - 4 ? SIZE_MAX : without_sum + 4;
}

Error Checksummed::truncated(Bytes bytes) const {
    const bool is_known = prefix().announced(bytes).has_value();
    return frame_truncated(bytes.size(), needed(bytes) - bytes.size(), !is_known);
}

Result<FrameBorders> Checksummed::enclose(Bytes payload, std::uint8_t type) const {
    FT_TRY(FrameBorders borders, prefix().enclose(payload, type));
    const std::uint32_t sum = sum_of(borders.front(), payload);
    put_integer(MutableBytes(borders.header).subspan(borders.header_size), sum, order);
    borders.header_size += sizeof sum;
    return borders;
}

}  // namespace fivetuple
