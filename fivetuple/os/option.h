#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>

namespace fivetuple {

/// A socket option is a type that knows its level, its number and its form in the kernel. Adding
/// one is adding a few lines to options.h, with its unit and its man page.
template <class O>
concept SocketOption = requires(typename O::Raw raw) {
    { O::level } -> std::convertible_to<int>;
    { O::number } -> std::convertible_to<int>;
    { O::name } -> std::convertible_to<const char*>;
    { O::from_raw(raw) } -> std::same_as<O>;
};

/// One that can be set, too; the others only tell.
template <class O>
concept SettableOption = SocketOption<O> && requires(const O option) {
    { option.to_raw() } -> std::same_as<typename O::Raw>;
};

/// What can be asked for its options: the blocking Socket, and every stream and listener of a loop.
template <class S>
concept TellsOptions = requires(S& socket, MutableBytes room) {
    { socket.get_option(0, 0, room) } -> std::same_as<Result<std::size_t>>;
};

/// What takes options, too.
template <class S>
concept TakesOptions = TellsOptions<S> && requires(S& socket, Bytes value) {
    { socket.set_option(0, 0, value) } -> std::same_as<Result<void>>;
};

/// `set(socket, UserTimeout{30s})`.
/// Errors: EINVAL for a value out of range; ENOPROTOOPT or EOPNOTSUPP where this kind of socket has
/// no such option; EPERM, EACCES where it needs a capability. setsockopt(2)
template <TakesOptions S, SettableOption O>
Result<void> set(S& socket, const O& option) {
    const typename O::Raw raw = option.to_raw();
    auto done = socket.set_option(O::level, O::number, std::as_bytes(std::span(&raw, 1)));
    if (!done) return std::unexpected(std::move(done).error().about(O::name));
    return {};
}

/// `get<UserTimeout>(socket)`: what the kernel holds now.
/// Errors: ENOPROTOOPT, EOPNOTSUPP; malformed, where the kernel's value has another size.
/// getsockopt(2)
template <SocketOption O, TellsOptions S>
Result<O> get(S& socket) {
    typename O::Raw raw{};
    auto size = socket.get_option(O::level, O::number, std::as_writable_bytes(std::span(&raw, 1)));
    if (!size) return std::unexpected(std::move(size).error().about(O::name));
    // A kernel of another age knows fewer fields of a structure; the others stay 0.
    if (*size > sizeof raw || (*size < sizeof raw && !std::is_class_v<typename O::Raw>)) {
        return std::unexpected(
            Error::malformed("getsockopt", "the kernel's value has another size").about(O::name));
    }
    return O::from_raw(raw);
}

}  // namespace fivetuple
