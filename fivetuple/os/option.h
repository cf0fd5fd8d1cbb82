#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"

#include <concepts>
#include <cstddef>
#include <span>
#include <type_traits>

namespace fivetuple {

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

/// Any socket as far as its options go, whatever its class is. It refers to the socket, which must
/// outlive it.
class OptionAccess {
public:
    template <TellsOptions S>
        requires(!std::same_as<std::remove_const_t<S>, OptionAccess>)
    explicit OptionAccess(S& socket) : socket_(&socket), tell_(tell<S>) {
        if constexpr (TakesOptions<S>) take_ = take<S>;
    }

    /// Errors: EBADF for a socket that can only be asked; else as setsockopt(2), getsockopt(2).
    Result<void> set_option(int level, int number, Bytes value) const;
    Result<std::size_t> get_option(int level, int number, MutableBytes room) const {
        return tell_(socket_, level, number, room);
    }

private:
    template <class S>
    static Result<std::size_t> tell(const void* socket, int level, int number, MutableBytes room) {
        return const_cast<S*>(static_cast<const S*>(socket))->get_option(level, number, room);
    }
    template <class S>
    static Result<void> take(const void* socket, int level, int number, Bytes value) {
        return const_cast<S*>(static_cast<const S*>(socket))->set_option(level, number, value);
    }

    const void* socket_;
    Result<std::size_t> (*tell_)(const void*, int, int, MutableBytes);
    Result<void> (*take_)(const void*, int, int, Bytes) = nullptr;
};

/// How the kernel knows an option, and how its manual calls it.
struct OptionKey {
    int level = 0;
    int number = 0;
    const char* name = "";
};

/// A socket option is a type that knows its level, its number and its form in the kernel. Most have
/// one of the forms of option_forms.h: adding one is three lines, and its row in the catalogue.
template <class O>
concept KeyedOption = requires {
    typename O::Raw;
    { O::level } -> std::convertible_to<int>;
    { O::number } -> std::convertible_to<int>;
    { O::name } -> std::convertible_to<const char*>;
};
template <class O>
concept PlainOption = KeyedOption<O> && requires(typename O::Raw raw) {
    { O::from_raw(raw) } -> std::same_as<O>;
};

/// One whose value has no fixed size, or whose level depends on the socket, reads itself.
template <class O>
concept ReadsItself = requires(OptionAccess socket) {
    { O::read_from(socket) } -> std::same_as<Result<O>>;
};

/// And one that needs more than its bytes to be set writes itself.
template <class O>
concept WritesItself = requires(const O option, OptionAccess socket) {
    { option.write_to(socket) } -> std::same_as<Result<void>>;
};

/// One whose value has a range that is known.
template <class O>
concept ChecksItself = requires(const O option) {
    { option.check() } -> std::same_as<Result<void>>;
};

template <class O>
concept SocketOption = PlainOption<O> || ReadsItself<O>;

/// One that can be set; the others only tell.
template <class O>
concept SettableOption = WritesItself<O> || (KeyedOption<O> && requires(const O option) {
                             { option.to_raw() } -> std::same_as<typename O::Raw>;
                         });

/// What set() and get() do once the value is bytes. An error names the option, and says in words
/// what this socket or this kernel lacks for it.
Result<void> write_option(OptionAccess socket, const OptionKey& key, Bytes value);
Result<std::size_t> read_option(OptionAccess socket, const OptionKey& key, MutableBytes room);
/// The kernel's value has a size that the option's type cannot have.
Error wrong_size(const OptionKey& key, std::size_t size);

/// `set(socket, UserTimeout{30s})`.
/// Errors: EINVAL for a value out of range; ENOPROTOOPT or EOPNOTSUPP where this kind of socket has
/// no such option; EPERM, EACCES where it needs a capability. setsockopt(2)
template <TakesOptions S, SettableOption O>
Result<void> set(S& socket, const O& option) {
    if constexpr (ChecksItself<O>) FT_TRY_VOID(option.check());
    if constexpr (WritesItself<O>) {
        return option.write_to(OptionAccess(socket));
    } else {
        const typename O::Raw raw = option.to_raw();
        return write_option(OptionAccess(socket), {O::level, O::number, O::name},
                            std::as_bytes(std::span(&raw, 1)));
    }
}

/// `get<UserTimeout>(socket)`: what the kernel holds now.
/// Errors: ENOPROTOOPT, EOPNOTSUPP; malformed, where the kernel's value has another size.
/// getsockopt(2)
template <SocketOption O, TellsOptions S>
Result<O> get(S& socket) {
    if constexpr (ReadsItself<O>) {
        return O::read_from(OptionAccess(socket));
    } else {
        constexpr OptionKey key{O::level, O::number, O::name};
        typename O::Raw raw{};
        FT_TRY(const std::size_t size,
               read_option(OptionAccess(socket), key, std::as_writable_bytes(std::span(&raw, 1))));
        // A kernel of another age knows fewer fields of a structure; the others stay 0.
        if (size > sizeof raw || (size < sizeof raw && !std::is_class_v<typename O::Raw>)) {
            return std::unexpected(wrong_size(key, size));
        }
        return O::from_raw(raw);
    }
}

}  // namespace fivetuple
