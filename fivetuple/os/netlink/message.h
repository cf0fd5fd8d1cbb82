#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/netlink/attribute.h"

#include <cstdint>
#include <type_traits>

namespace fivetuple::netlink {

/// One message, as it stands in what the kernel sent. Its bytes stay the buffer's. netlink(7)
struct Message {
    std::uint16_t type = 0;
    std::uint16_t flags = 0;
    std::uint32_t sequence = 0;  ///< Of the request that it answers.
    std::uint32_t port = 0;      ///< Of the socket that asked.
    Bytes payload;

    /// The structure that a family puts in front of its attributes.
    /// Errors: malformed, where there is less.
    template <class T>
        requires std::is_trivially_copyable_v<T>
    Result<void> read(T& header) const {
        FT_TRY_VOID(holds(sizeof header));
        std::memcpy(&header, payload.data(), sizeof header);
        return {};
    }
    /// The attributes behind a structure of `header` bytes, which read() has found to be there.
    AttributeReader attributes(std::size_t header) const;

private:
    Result<void> holds(std::size_t bytes) const;
};

/// Walks over the messages of one datagram. Lengths that lie are errors: it never reads beyond it.
class MessageReader {
public:
    MessageReader() = default;
    explicit MessageReader(Bytes datagram) : left_(datagram) {}

    /// The next one; false at the end.
    /// Errors: malformed, where the bytes are no message; it is at its end then.
    Result<bool> next(Message& message);

private:
    Bytes left_;
};

}  // namespace fivetuple::netlink
