#pragma once

#include "fivetuple/os/tell_details.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/datagram_socket.h"

#include <optional>
#include <string>

namespace fivetuple {

struct UdpOptions {
    /// What receive() is told of each datagram beside its bytes.
    TellDetails tell = {};
    /// Ask for the reason when a datagram comes back (ICMP): operations then fail with it also
    /// where the socket is not connected, and take_failure() tells of whom. IP_RECVERR
    bool report_failures = false;
    /// Let many small datagrams travel through the kernel as one (GSO and GRO). Only the calls for
    /// many use it. UDP_GRO
    bool join = true;
    /// Several sockets, of this process or others of the same user, share the address and the
    /// kernel spreads datagrams over them. SO_REUSEPORT
    bool reuse_port = false;
    /// Several sockets listen to the same multicast address and each gets every datagram.
    /// SO_REUSEADDR
    bool reuse_address = false;
    /// An IPv6 socket leaves IPv4 alone.
    bool v6_only = false;
    /// Sending to broadcast addresses is allowed.
    bool broadcast = false;
    /// The local address of a socket that connects.
    std::optional<SocketAddress> from = std::nullopt;
};

/// How the calls for many datagrams reach the kernel, in falling order of merit.
struct UdpMeans {
    bool sends_joined = false;     ///< Datagrams of one size for one peer in one message: GSO.
    bool receives_joined = false;  ///< What comes from one peer in one message: GRO.
    bool many_a_call = false;      ///< Many messages a system call: sendmmsg and recvmmsg.

    /// As in `sends GSO, sendmmsg; receives GRO, recvmmsg`.
    std::string to_string() const;
};

/// A UDP socket. Groups are joined by `set(socket, JoinGroup{group})`. udp(7)
class UdpSocket : public DatagramSocket {
public:
    using DatagramSocket::DatagramSocket;

    /// A socket that receives what comes to `at`, and sends from there.
    /// Errors: EADDRINUSE, EADDRNOTAVAIL, EACCES (ports below 1024), EMFILE; malformed for an
    /// address that is not IP. bind(2)
    static Result<UdpSocket> bind(Loop& loop, const SocketAddress& at,
                                  const UdpOptions& options = {});
    /// A socket, on the loop of the awaiting task, that sends to `to` by send() and receives only
    /// what comes from there. Nothing is sent by connecting.
    /// Errors: ENETUNREACH, EACCES (a broadcast address), EMFILE; malformed. connect(2)
    static Task<Result<UdpSocket>> connect(SocketAddress to, UdpOptions options);
    static Task<Result<UdpSocket>> connect(SocketAddress to) { return connect(to, {}); }

    /// Lets many small datagrams travel as one from now on: what UdpOptions::join does, for a
    /// socket that came from elsewhere.
    void join();
    /// What receive_many() and send_many() use on this socket now.
    UdpMeans means() const;

private:
    static Result<UdpSocket> open(Loop& loop, Family family, const UdpOptions& options);
};

}  // namespace fivetuple
