#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/address.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstdint>
#include <span>

// System calls as every part of the library makes them: never interrupted (EINTR is retried), never
// killed (no SIGPIPE), never blocking, every new descriptor close-on-exec. They answer as the
// kernel does inside: a count or descriptor >= 0, or -errno.
namespace fivetuple::calls {

/// What a call that would block answers.
inline constexpr int kWouldBlock = -EAGAIN;

/// recv(2). 0 is the peer's end of stream.
int receive(int fd, MutableBytes into);
/// send(2)
int send(int fd, Bytes from);
/// sendmsg(2): the pieces one behind the other.
int send_gathered(int fd, std::span<const Bytes> from);
/// recvmmsg(2) without waiting: how many messages came. The length of each is the one it was sent
/// with (MSG_TRUNC), and descriptors in them are close-on-exec.
int receive_messages(int fd, std::span<mmsghdr> into);
/// sendmmsg(2) without waiting: how many messages went.
int send_messages(int fd, std::span<mmsghdr> from);
/// The flags that the two work with, but for MSG_DONTWAIT.
inline constexpr int kReceiveMessageFlags = MSG_TRUNC | MSG_CMSG_CLOEXEC;
inline constexpr int kSendMessageFlags = MSG_NOSIGNAL;
/// Stands in msg_flags of a header that is to be received into, where the kernel does not read it:
/// the socket is one for frames, which refuse MSG_CMSG_CLOEXEC (and pass no descriptors).
inline constexpr int kNoDescriptors = MSG_DONTROUTE;
/// The flags for receiving into `header`, but for MSG_DONTWAIT.
inline int receive_flags(const msghdr& header) {
    const bool is_for_frames = (header.msg_flags & kNoDescriptors) != 0;
    return is_for_frames ? kReceiveMessageFlags & ~MSG_CMSG_CLOEXEC : kReceiveMessageFlags;
}
/// False where this kernel or its filter knows only one message a call.
bool moves_many_messages();
/// The front of the error queue: its length, -EAGAIN where it is empty. recvmsg(2), MSG_ERRQUEUE
int receive_from_error_queue(int fd, msghdr& into);
/// accept4(2), without asking for the peer's address: it may be gone already. Connections that
/// broke while they were queued are passed over.
int accept(int listener, bool non_blocking);
/// Whether accept() failed for a reason that lay in that one connection: the next may be well.
bool is_lost_connection(int result);
/// connect(2). -EINPROGRESS: wait until writable, then go_on_connecting().
int connect(int fd, const SocketAddress& to);
/// What became of a connect() that was in progress: 0, -errno, or -EINPROGRESS while it goes on.
int go_on_connecting(int fd, const SocketAddress& to);
/// read(2) and write(2), for descriptors that are no sockets: they must have been found ready.
int read(int fd, MutableBytes into);
int write(int fd, Bytes from);

/// Sleeps until `fd` shows any of `events` (as poll(2) names them) or `deadline` comes. Answers the
/// events seen, 0 at the deadline, or -errno.
int wait_ready(int fd, short events, Time deadline);

/// The pieces as the kernel wants them: a span of bytes and an iovec are laid out alike.
inline iovec* as_iovecs(std::span<const Bytes> pieces) {
    static_assert(sizeof(Bytes) == sizeof(iovec) && alignof(Bytes) == alignof(iovec));
    return const_cast<iovec*>(reinterpret_cast<const iovec*>(pieces.data()));
}

/// True where a connection's two ends are the same: the kernel lets a connect() to a free local
/// port of the ephemeral range meet itself (simultaneous open, RFC 9293 3.5).
bool is_connected_to_itself(int fd);

}  // namespace fivetuple::calls
