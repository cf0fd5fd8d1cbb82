#pragma once

#include "fivetuple/cli/relay_address.h"
#include "fivetuple/os/socket_kind.h"

#include <expected>
#include <string>
#include <string_view>

namespace fivetuple {

/// What an option of a relay's address is about: of the place's sockets, and how errors call it.
struct RelayOptionText {
    std::string_view name;
    std::optional<std::string> value;
    std::size_t name_at = 0;
    std::size_t value_at = 0;
};

/// Reads a socket option for a socket of `kind`: `nodelay`, `TCP_USER_TIMEOUT=30s`,
/// `sndbuf=64KiB`; `keepalive=30` also says when probing begins. What it comes to is appended to
/// `settings`. Errors: no such option, not for this kind of socket, a value it cannot have.
std::expected<void, RelayFault> read_socket_option(const RelayOptionText& option, SocketKind kind,
                                                   std::vector<RelayAddress::Setting>& settings);

}  // namespace fivetuple
