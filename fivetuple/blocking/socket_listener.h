#pragma once

#include "fivetuple/blocking/owned_socket.h"
#include "fivetuple/os/listening.h"

namespace fivetuple::blocking {

/// A listening socket: what TcpListener and UnixListener share. Its local_address() has the port
/// that the kernel chose for port 0. Any number of threads may accept from it.
class ListeningSocket : public OwnedSocket {
public:
    ListeningSocket() = default;
    /// Takes over a socket that listens.
    explicit ListeningSocket(Socket socket) : OwnedSocket(std::move(socket)) {}

    /// Errors: unsupported, for other than TCP. tcp(7), TCP_INFO
    Result<AcceptQueue> accept_queue() const { return accept_queue_of(OptionAccess(*this)); }
};

/// A listener whose connections are of type S.
template <class S>
class SocketListener : public ListeningSocket {
public:
    using ListeningSocket::ListeningSocket;

    /// The next connection. It may have been reset meanwhile; its first read tells.
    /// Errors: EMFILE, ENFILE, ENOBUFS, ENOMEM: the listener is well, wait a little and accept
    /// again; deadline. accept(2)
    Result<S> accept(Time deadline = kNever) {
        FT_TRY(Socket accepted, socket().accept(deadline));
        return S(std::move(accepted));
    }
};

}  // namespace fivetuple::blocking
