#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/option.h"
#include "fivetuple/os/tell_details.h"

#include <optional>
#include <string>

namespace fivetuple {

struct UdpOptions {
    /// What receive() is told of each datagram beside its bytes.
    TellDetails tell = {};
    /// Ask for the reason when a datagram comes back (ICMP): operations then fail with it also
    /// where the socket is not connected, and take_failure() tells of whom. IP_RECVERR
    bool report_failures = false;
    /// Ask for the time that each datagram leaves: sent_time() tells it. SO_TIMESTAMPING
    bool tell_sent = false;
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

/// Sets on a new UDP socket of `family` what is asked for; `join` and `from` are its user's.
/// Errors: as setsockopt(2).
Result<void> prepare_udp(OptionAccess socket, Family family, const UdpOptions& options);

/// How the calls for many datagrams reach the kernel, in falling order of merit.
struct UdpMeans {
    bool sends_joined = false;     ///< Datagrams of one size for one peer in one message: GSO.
    bool receives_joined = false;  ///< What comes from one peer in one message: GRO.
    bool many_a_call = false;      ///< Many messages a system call: sendmmsg and recvmmsg.

    /// As in `sends GSO, sendmmsg; receives GRO, recvmmsg`.
    std::string to_string() const;
};

/// What one socket knows of joining datagrams on their way through the kernel.
struct UdpJoining {
    bool sends = false;        ///< Until the kernel has refused it.
    bool may_receive = false;  ///< The first call for many switches it on.
    bool receives = false;     ///< It is on: a single receive would get several in one.

    /// From now on, as far as this kernel can.
    void begin(OptionAccess socket);
    /// Before the calls that receive many.
    void before_receiving_many(OptionAccess socket) {
        if (may_receive) switch_on(socket);
    }
    UdpMeans means() const;

private:
    void switch_on(OptionAccess socket);
};

}  // namespace fivetuple
