#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/fd.h"
#include "fivetuple/os/five_tuple.h"

#include <span>
#include <utility>

namespace fivetuple {

/// The kinds of socket, by how they keep what is sent together. socket(2)
enum class SocketType : std::uint8_t { stream, datagram, seqpacket };

/// Which direction shutdown() ends. shutdown(2)
enum class Shutdown : std::uint8_t { read, write, both };

/// The numbers by which the kernel knows a family and a type.
int raw_family(Family family);
int raw_type(SocketType type);

/// A socket with blocking calls: for programs, and parts of programs, that need no loop. Every call
/// can be given a deadline (a point of monotonic_now()'s time), connecting included. The descriptor
/// itself is non-blocking, so that it can be handed to a loop at any time.
class Socket {
public:
    Socket() = default;
    /// Takes over `fd` and makes it non-blocking.
    explicit Socket(Fd fd);

    /// Errors: EMFILE, ENFILE, EAFNOSUPPORT, EPROTONOSUPPORT. socket(2)
    static Result<Socket> open(Family family, SocketType type, int protocol = 0);
    /// A listener on `at` with SO_REUSEADDR (and, for IPv6, dual stack), ready to accept.
    /// Errors: EADDRINUSE, EADDRNOTAVAIL, EACCES, EMFILE. bind(2), listen(2)
    static Result<Socket> listen_on(const SocketAddress& at, int backlog = SOMAXCONN);
    /// A stream connected to `to`, without Nagle's delay where it is TCP.
    /// Errors: ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL; deadline.
    /// connect(2)
    static Result<Socket> connect_to(const SocketAddress& to, Time deadline = kNever);

    /// Errors: EADDRINUSE, EADDRNOTAVAIL, EACCES (ports below 1024). bind(2)
    Result<void> bind(const SocketAddress& at);
    /// Errors: EADDRINUSE, EOPNOTSUPP. listen(2)
    Result<void> listen(int backlog = SOMAXCONN);
    /// Errors: as connect_to(); ECONNREFUSED, too, where the kernel connected the socket to itself.
    Result<void> connect(const SocketAddress& to, Time deadline = kNever);
    /// The next connection. Errors: EMFILE, ENFILE, ENOBUFS, ENOMEM, EINVAL; deadline. accept(2)
    Result<Socket> accept(Time deadline = kNever);

    /// Waits for bytes and takes as many as there are and fit; 0 is the end of the stream.
    /// Errors: ECONNRESET, ETIMEDOUT, ENOTCONN; deadline. recv(2)
    Result<std::size_t> read_some(MutableBytes into, Time deadline = kNever);
    /// Fills `into` whole. Errors: as read_some(); ended, where the stream ends before.
    Transfer read_exact(MutableBytes into, Time deadline = kNever);
    /// Sends what the kernel takes at once, at least a byte. Errors: EPIPE, ECONNRESET; deadline.
    Result<std::size_t> write_some(Bytes from, Time deadline = kNever);
    /// Sends all of `from`. Errors: as write_some(), with the bytes that had gone before.
    Transfer write_all(Bytes from, Time deadline = kNever);

    /// Tells the peer that no more will come; its own data can still be read. Errors: ENOTCONN.
    Result<void> shutdown(Shutdown how);
    Result<void> shutdown_write() { return shutdown(Shutdown::write); }

    /// Errors: EBADF; ENOTCONN for the peer's. getsockname(2), getpeername(2)
    Result<SocketAddress> local_address() const;
    Result<SocketAddress> peer_address() const;
    Result<FiveTuple> five_tuple() const;

    /// For set() and get() of options, which say more. setsockopt(2), getsockopt(2)
    Result<void> set_option(int level, int number, Bytes value);
    Result<std::size_t> get_option(int level, int number, MutableBytes room) const;

    const Fd& fd() const { return fd_; }
    explicit operator bool() const { return static_cast<bool>(fd_); }
    /// Gives the descriptor up, for instance to a loop's `adopt`.
    [[nodiscard]] Fd release() && { return std::move(fd_); }

private:
    Fd fd_;
};

/// Two sockets of the Unix domain, connected to each other, blocking and close-on-exec.
/// Errors: EMFILE, ENFILE. socketpair(2)
Result<std::pair<Fd, Fd>> socket_pair(SocketType type);

}  // namespace fivetuple
