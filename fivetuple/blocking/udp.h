#pragma once

#include "fivetuple/blocking/datagram_socket.h"

namespace fivetuple::blocking {

/// A UDP socket. Groups are joined by `set(socket, JoinGroup{group})`. udp(7)
class UdpSocket : public DatagramSocket {
public:
    using DatagramSocket::DatagramSocket;

    /// A socket that receives what comes to `at`, and sends from there.
    /// Errors: EADDRINUSE, EADDRNOTAVAIL, EACCES (ports below 1024), EMFILE; malformed for an
    /// address that is not IP. bind(2)
    static Result<UdpSocket> bind(const SocketAddress& at, const UdpOptions& options = {});
    /// A socket that sends to `to` by send() and receives only what comes from there. Nothing is
    /// sent by connecting, and nothing waited for.
    /// Errors: ENETUNREACH, EACCES (a broadcast address), EMFILE; malformed. connect(2)
    static Result<UdpSocket> connect(const SocketAddress& to, const UdpOptions& options = {},
                                     Time deadline = kNever);

    /// Lets many small datagrams travel as one from now on: what UdpOptions::join does, for a
    /// socket that came from elsewhere.
    void join() { joining_.begin(OptionAccess(*this)); }
    /// What receive_many() and send_many() use on this socket now.
    UdpMeans means() const { return joining_.means(); }

private:
    static Result<UdpSocket> open(Family family, const UdpOptions& options);
};

}  // namespace fivetuple::blocking
