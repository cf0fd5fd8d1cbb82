#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/socket.h"
#include "fivetuple/os/wait.h"

#include <cstddef>
#include <utility>

/// The sockets of fivetuple/transport once more, with the same names and verbs, as calls that
/// block: no loop and no coroutine is needed. The last argument of each call that may wait is its
/// deadline, a point of monotonic_now()'s time. A call that fails with a deadline leaves the socket
/// as it is. Signals interrupt nothing. One thread may read while another writes.
namespace fivetuple::blocking {

/// A socket that blocks its caller: what every stream, listener and socket of messages here is.
/// Owns its descriptor, which is non-blocking and close-on-exec: the waiting is done by poll(2).
class OwnedSocket {
public:
    /// Errors: EBADF. getsockname(2)
    Result<SocketAddress> local_address() const { return socket_.local_address(); }

    /// For set() and get() of options.
    Result<void> set_option(int level, int number, Bytes value) {
        return socket_.set_option(level, number, value);
    }
    Result<std::size_t> get_option(int level, int number, MutableBytes room) const {
        return socket_.get_option(level, number, room);
    }

    explicit operator bool() const { return static_cast<bool>(socket_); }
    const Fd& fd() const { return socket_.fd(); }
    /// Gives the descriptor up, for instance to a loop's `adopt`.
    [[nodiscard]] Fd release() && { return std::move(socket_).release(); }

    /// Closes now.
    void close() { socket_ = Socket(); }

protected:
    OwnedSocket() = default;
    explicit OwnedSocket(Socket socket) : socket_(std::move(socket)) {}

    /// Errors: ENOTCONN, where there is no peer, or none any more. getpeername(2)
    Result<SocketAddress> peer_address() const { return socket_.peer_address(); }
    const Socket& socket() const { return socket_; }
    Socket& socket() { return socket_; }

private:
    Socket socket_;
};

}  // namespace fivetuple::blocking
