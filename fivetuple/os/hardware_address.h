#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace fivetuple {

/// The address of a network device: six bytes on Ethernet, none on some, 32 at most.
class HardwareAddress {
public:
    static constexpr std::size_t kMost = 32;

    /// Of no bytes.
    HardwareAddress() = default;
    /// Errors: limit, over 32 bytes.
    static Result<HardwareAddress> from_bytes(Bytes bytes);
    /// Reads `02:00:5e:10:00:01`, of any length. Errors: malformed; limit.
    static Result<HardwareAddress> parse(std::string_view text);
    /// What parse() reads back as the same address.
    std::string to_string() const;

    Bytes bytes() const { return Bytes(bytes_).first(size_); }
    bool empty() const { return size_ == 0; }
    /// The bytes behind the address are zeroes, so that this compares what counts.
    auto operator<=>(const HardwareAddress&) const = default;

private:
    std::array<std::byte, kMost> bytes_{};
    std::uint8_t size_ = 0;
};

}  // namespace fivetuple
