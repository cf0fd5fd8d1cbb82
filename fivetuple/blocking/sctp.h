#pragma once

#include "fivetuple/blocking/socket_listener.h"
#include "fivetuple/blocking/socket_stream.h"
#include "fivetuple/os/sctp.h"

namespace fivetuple::blocking {

/// An SCTP association as a stream of bytes, one to one: bytes of its stream 0, without the bounds
/// of messages. It needs the kernel's SCTP, which many systems do not have; then every call says
/// so. RFC 6458 4, sctp(7)
class SctpStream : public SocketStream {
public:
    using SocketStream::SocketStream;

    /// Errors: unsupported, saying what is missing, where the kernel has no SCTP; as
    /// TcpStream::connect(). connect(2)
    static Result<SctpStream> connect(const SocketAddress& to, Time deadline = kNever);
};

/// Accepts such associations.
class SctpListener : public SocketListener<SctpStream> {
public:
    using SocketListener::SocketListener;

    /// Errors: unsupported, saying what is missing, where the kernel has no SCTP; as
    /// TcpListener::bind(). bind(2), listen(2)
    static Result<SctpListener> bind(const SocketAddress& at, int backlog = 128);
};

}  // namespace fivetuple::blocking
