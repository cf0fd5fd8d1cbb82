#pragma once

#include "fivetuple/os/sctp.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/socket_listener.h"
#include "fivetuple/transport/socket_stream.h"

namespace fivetuple {

/// An SCTP association as a stream of bytes, one to one: bytes of its stream 0, without the bounds
/// of messages. It needs the kernel's SCTP, which many systems do not have; then every call says
/// so. RFC 6458 4, sctp(7)
class SctpStream : public SocketStream {
public:
    using SocketStream::SocketStream;

    /// Connects to `to`, on the loop of the awaiting task. Errors: unsupported, saying what is
    /// missing, where the kernel has no SCTP; as TcpStream::connect(). connect(2)
    static Task<Result<SctpStream>> connect(SocketAddress to);
};

/// Accepts such associations.
class SctpListener : public SocketListener<SctpStream> {
public:
    using SocketListener::SocketListener;

    /// Errors: unsupported, saying what is missing, where the kernel has no SCTP; as
    /// TcpListener::bind(). bind(2), listen(2)
    static Result<SctpListener> bind(Loop& loop, const SocketAddress& at, int backlog = 128);
};

}  // namespace fivetuple
