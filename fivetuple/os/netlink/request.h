#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/hardware_address.h"
#include "fivetuple/os/ip_address.h"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fivetuple::netlink {

/// What a request asks for, besides its type.
enum class Asks : std::uint16_t {
    answer = 0x4,           ///< One answer, or none but that it was done.
    dump = 0x300,           ///< All there are.
    create = 0x4 | 0x600,   ///< A new one; EEXIST where there is one.
    replace = 0x4 | 0x500,  ///< A new one, or this instead of the one there is.
    append = 0x4 | 0xc00,   ///< A new one beside those there are.
};

/// A message to the kernel, being written. It can be sent again and again. netlink(7)
class Request {
public:
    /// `call` is what errors name it by, a string literal: "RTM_NEWLINK".
    Request(std::uint16_t type, Asks asks, const char* call);

    /// What it is about, for errors: an interface's name, an address.
    Request& about(std::string_view subject) {
        subject_ = subject;
        return *this;
    }

    /// The structure that comes before the attributes.
    template <class T>
        requires std::is_trivially_copyable_v<T>
    Request& header(const T& structure) {
        append(std::as_bytes(std::span(&structure, 1)));
        return *this;
    }
    /// Attributes, one behind the other. Integers go in this machine's byte order.
    Request& add(std::uint16_t type, Bytes data);
    template <std::integral I>
    Request& add(std::uint16_t type, I value) {
        return add(type, std::as_bytes(std::span(&value, 1)));
    }
    template <class T>
        requires std::is_trivially_copyable_v<T>
    Request& add_structure(std::uint16_t type, const T& value) {
        return add(type, std::as_bytes(std::span(&value, 1)));
    }
    /// With a zero byte behind it.
    Request& add_text(std::uint16_t type, std::string_view text);
    Request& add(std::uint16_t type, const IpAddress& address);
    Request& add(std::uint16_t type, const HardwareAddress& address) {
        return add(type, address.bytes());
    }

    /// Attributes added while it lives are part of one attribute.
    class [[nodiscard]] Nest {
    public:
        Nest(const Nest&) = delete;
        Nest& operator=(const Nest&) = delete;
        ~Nest() { request_.close(begin_); }

    private:
        friend class Request;
        Nest(Request& request, std::size_t begin) : request_(request), begin_(begin) {}
        Request& request_;
        std::size_t begin_;
    };
    Nest nest(std::uint16_t type);
    /// The same behind a structure that begins with its length, in 16 bits, as rtnexthop does.
    template <class T>
        requires std::is_trivially_copyable_v<T>
    Nest nest_structure(const T& structure) {
        const std::size_t begin = bytes_.size();
        header(structure);
        return {*this, begin};
    }

    /// Its bytes, numbered, valid until it changes.
    /// Errors: limit, over 65,535 bytes: that is as much as an attribute can say of itself.
    Result<Bytes> to_send(std::uint32_t sequence);

    bool is_dump() const { return is_dump_; }
    const char* call() const { return call_; }
    const std::string& subject() const { return subject_; }

private:
    void append(Bytes bytes);
    void close(std::size_t begin);

    std::vector<std::byte> bytes_;
    std::string subject_;
    const char* call_;
    bool is_dump_;
};

}  // namespace fivetuple::netlink
