#pragma once

#include "fivetuple/base/error.h"

#include <cstddef>
#include <expected>
#include <optional>
#include <utility>

namespace fivetuple {

/// A value, or the reason why there is none.
template <class T = void>
using Result = std::expected<T, Error>;

/// What a bulk operation did: how many bytes it moved and, where it stopped early, why. True when
/// all of them were moved: `auto sent = co_await peer.write_all(data); if (!sent) co_return;`
class [[nodiscard]] Transfer {
public:
    explicit Transfer(std::size_t moved) : moved_(moved) {}
    Transfer(std::size_t moved, Error error) : moved_(moved), error_(std::move(error)) {}

    explicit operator bool() const { return !error_.has_value(); }
    bool has_value() const { return !error_.has_value(); }
    std::size_t bytes_moved() const { return moved_; }
    std::size_t operator*() const { return moved_; }
    const Error& error() const& { return *error_; }
    Error&& error() && { return std::move(*error_); }

private:
    std::size_t moved_;
    std::optional<Error> error_;
};

}  // namespace fivetuple

#define FT_JOIN_AGAIN(a, b) a##b
#define FT_JOIN(a, b) FT_JOIN_AGAIN(a, b)
#define FT_TRY_BY(leave, name, declaration, ...)               \
    auto name = (__VA_ARGS__);                                 \
    if (!name) leave std::unexpected(std::move(name).error()); \
    declaration = *std::move(name)

/// `FT_TRY(Fd socket, open_socket());` declares `socket`, or returns the error to our caller.
#define FT_TRY(declaration, ...) \
    FT_TRY_BY(return, FT_JOIN(ft_try_, __LINE__), declaration, __VA_ARGS__)
/// The same in a coroutine: `FT_CO_TRY(TcpStream peer, co_await listener.accept());`
#define FT_CO_TRY(declaration, ...) \
    FT_TRY_BY(co_return, FT_JOIN(ft_try_, __LINE__), declaration, __VA_ARGS__)
/// For results without a value: `FT_TRY_VOID(socket.listen());`
#define FT_TRY_VOID(...) \
    if (auto ft_done = (__VA_ARGS__); !ft_done) return std::unexpected(std::move(ft_done).error())
#define FT_CO_TRY_VOID(...)                     \
    if (auto ft_done = (__VA_ARGS__); !ft_done) \
    co_return std::unexpected(std::move(ft_done).error())
