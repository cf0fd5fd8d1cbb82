#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace fivetuple {

/// Bytes that a call reads; it neither keeps nor changes them.
using Bytes = std::span<const std::byte>;
/// Bytes that a call fills.
using MutableBytes = std::span<std::byte>;

/// A text as bytes, and bytes as text: views of the same memory, not copies.
inline Bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string_view text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

enum class ByteOrder : std::uint8_t { big, little };

/// Puts an unsigned integer into the first bytes at `to`, which must have room for it.
template <std::unsigned_integral U>
void put_integer(MutableBytes to, U value, ByteOrder order = ByteOrder::big) {
    if ((order == ByteOrder::big) != (std::endian::native == std::endian::big)) {
        value = std::byteswap(value);
    }
    std::memcpy(to.data(), &value, sizeof value);
}

/// Takes an unsigned integer from the first bytes of `from`, which must hold that many.
template <std::unsigned_integral U>
U take_integer(Bytes from, ByteOrder order = ByteOrder::big) {
    U value;
    std::memcpy(&value, from.data(), sizeof value);
    const bool native = (order == ByteOrder::big) == (std::endian::native == std::endian::big);
    return native ? value : std::byteswap(value);
}

}  // namespace fivetuple
