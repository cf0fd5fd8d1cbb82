#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/socket.h"

#include <string>
#include <string_view>
#include <vector>

// Sockets that are given to a program instead of opened by it.
namespace fivetuple {

/// A socket that another program has opened for this one.
struct InheritedSocket {
    std::string name;  ///< As the giver calls it; "unknown" where it does not.
    Socket socket;     ///< Non-blocking and close-on-exec.
    SocketAddress at;  ///< Its own address.
    SocketType type = SocketType::stream;
    bool listens = false;
};

/// Finds out what the descriptor is, and takes it over. Errors: ENOTSOCK, EBADF; unsupported, for a
/// socket of another kind or family than are known here.
Result<InheritedSocket> look_at_inherited(Fd fd, std::string_view name);

/// Takes what whoever started this program has opened for it: LISTEN_FDS descriptors from 3 on, if
/// LISTEN_PID is this process, with the names in LISTEN_FDNAMES. None where there are none. The
/// variables go from the environment, so that no child takes them for its own and a second call
/// gives none. To be called before anything opens descriptors by number or starts threads.
/// Errors: malformed, where the variables do not say what they should; EBADF, where fewer
/// descriptors are open than they say; as look_at_inherited(). All are closed then.
/// sd_listen_fds(3)
Result<std::vector<InheritedSocket>> take_inherited_sockets();

}  // namespace fivetuple
