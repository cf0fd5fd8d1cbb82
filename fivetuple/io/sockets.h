#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/io/handle.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/datagram.h"
#include "fivetuple/os/fd.h"
#include "fivetuple/os/socket.h"

#include <optional>

namespace fivetuple {

/// The synchronous half of the seam: what a socket is asked without waiting. A kernel has one, and
/// so has every simulated host. (Closing is the Backend's: it may have to wait.)
class Sockets {
public:
    virtual ~Sockets() = default;

    /// Errors: EMFILE, ENFILE, EAFNOSUPPORT, EPROTONOSUPPORT; limit, where the backend cannot watch
    /// so high a descriptor. socket(2)
    virtual Result<Handle> open(Family family, SocketType type, int protocol) = 0;
    /// Takes over an open descriptor: a socket, a pipe, a terminal. Errors: unsupported where
    /// sockets are simulated; limit as open().
    virtual Result<Handle> adopt(Fd fd) = 0;

    /// Errors: as bind(2), listen(2), shutdown(2), getsockname(2), getpeername(2), setsockopt(2)
    /// and getsockopt(2); EBADF for a handle that has been closed.
    virtual Result<void> bind(Handle socket, const SocketAddress& at) = 0;
    virtual Result<void> listen(Handle socket, int backlog) = 0;
    virtual Result<void> shutdown(Handle socket, Shutdown how) = 0;
    virtual Result<SocketAddress> local_address(Handle socket) = 0;
    virtual Result<SocketAddress> peer_address(Handle socket) = 0;
    virtual Result<void> set_option(Handle socket, int level, int number, Bytes value) = 0;
    virtual Result<std::size_t> get_option(Handle socket, int level, int number,
                                           MutableBytes room) = 0;
    /// Takes the next entry of the socket's error queue, if there is one. recvmsg(2), MSG_ERRQUEUE
    virtual Result<std::optional<DatagramFailure>> take_failure(Handle socket) = 0;
};

}  // namespace fivetuple
