#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/hardware_address.h"
#include "fivetuple/os/ip_address.h"

#include <cstdint>
#include <string>
#include <type_traits>

namespace fivetuple::netlink {

class AttributeReader;

/// One attribute of a message: a number that says what it is, and bytes. netlink(7), rtnetlink(7)
struct Attribute {
    std::uint16_t type = 0;  ///< Without the bits that say how it is laid out.
    Bytes data;

    /// What it holds, as a number in this machine's byte order.
    /// Errors, as of all that follow: malformed, where it has not as many bytes as that takes.
    Result<void> read(std::uint8_t& into) const;
    Result<void> read(std::uint16_t& into) const;
    Result<void> read(std::uint32_t& into) const;
    Result<void> read(std::uint64_t& into) const;
    Result<void> read(std::int32_t& into) const;
    /// The same in the network's byte order.
    Result<void> read_big_endian(std::uint16_t& into) const;
    Result<void> read_big_endian(std::uint32_t& into) const;
    /// A text: up to its zero byte, or to its end where it has none.
    Result<void> read(std::string& into) const;
    /// Of 4 bytes, or of 16. A link-local one is given `interface` as its scope.
    Result<void> read(IpAddress& into, std::uint32_t interface = 0) const;
    Result<void> read(HardwareAddress& into) const;
    /// A structure of the kernel, which may have grown at its end since.
    template <class T>
        requires std::is_trivially_copyable_v<T>
    Result<void> read_front(T& into) const {
        if (data.size() < sizeof into) return std::unexpected(wrong_size(sizeof into));
        std::memcpy(&into, data.data(), sizeof into);
        return {};
    }
    /// The attributes in it.
    AttributeReader nested() const;

private:
    template <class T>
    Result<void> read_exactly(T& into) const;
    Error wrong_size(std::size_t wanted) const;
};

/// Walks over attributes. Lengths that lie are errors: it never reads beyond the bytes it was
/// given.
class AttributeReader {
public:
    explicit AttributeReader(Bytes attributes) : left_(attributes) {}

    /// The next one; false at the end.
    /// Errors: malformed, where the bytes are no attribute; it is at its end then.
    Result<bool> next(Attribute& attribute);

private:
    Bytes left_;
};

/// Calls `take(attribute)` for each of them, until one gives an error.
template <class Take>
Result<void> for_each(AttributeReader attributes, Take take) {
    Attribute each;
    while (true) {
        FT_TRY(const bool is_there, attributes.next(each));
        if (!is_there) return {};
        FT_TRY_VOID(take(each));
    }
}

}  // namespace fivetuple::netlink
