#pragma once

#include "fivetuple/blocking/datagram_socket.h"
#include "fivetuple/os/ip_packet.h"
#include "fivetuple/os/raw_socket.h"

#include <cstdint>

namespace fivetuple::blocking {

/// Sends and receives IP packets of one protocol. Ports of addresses mean nothing here: leave them
/// 0. What is received over IPv4 begins with its IP header, which Ipv4Packet reads. Needs
/// CAP_NET_RAW. raw(7), ipv6(7)
class RawSocket : public DatagramSocket {
public:
    using DatagramSocket::DatagramSocket;

    /// Errors: as open_raw_socket().
    static Result<RawSocket> open(Family family, std::uint8_t protocol,
                                  const RawOptions& options = {});
    /// Takes over a socket that was opened elsewhere; `reports_failures` where it has IP_RECVERR.
    static RawSocket adopt(Socket socket, bool reports_failures);
};

}  // namespace fivetuple::blocking
