#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/path_socket.h"
#include "fivetuple/os/socket.h"

#include <cstdint>
#include <optional>

namespace fivetuple {

/// How a socket gets its path. unix(7)
struct PathOptions {
    /// Permission bits of the file, as 0600, whatever the umask: who may write it may connect.
    std::optional<std::uint32_t> mode = std::nullopt;
    /// To whom the file belongs, by number. Others than oneself need CAP_CHOWN.
    std::optional<std::uint32_t> owner = std::nullopt;
    std::optional<std::uint32_t> group = std::nullopt;
    /// A socket that was left behind makes room: one that belongs to us and where nobody listens,
    /// as connecting to it shows. Files that are no sockets, and other people's, never do.
    bool replace_stale = true;
};

/// Binds `socket`, of the Unix domain, to the path `at`. No peer can connect before
/// mode and owner are as asked.
/// Errors: EADDRINUSE, saying what is there: a listener, another's file, no socket at all; EACCES,
/// ENOENT, EPERM. bind(2), unix(7)
Result<PathSocket> bind_path(Socket& socket, const SocketAddress& at, const PathOptions& options);

}  // namespace fivetuple
