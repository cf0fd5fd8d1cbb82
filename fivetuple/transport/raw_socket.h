#pragma once

#include "fivetuple/os/ip_packet.h"
#include "fivetuple/os/raw_socket.h"
#include "fivetuple/transport/datagram_socket.h"

#include <cstdint>

namespace fivetuple {

/// Sends and receives IP packets of one protocol. Ports of addresses mean nothing here: leave them
/// 0. What is received over IPv4 begins with its IP header, which Ipv4Packet reads. Needs
/// CAP_NET_RAW. raw(7), ipv6(7)
class RawSocket : public DatagramSocket {
public:
    using DatagramSocket::DatagramSocket;

    /// Errors: as open_raw_socket(); limit, where the backend cannot watch so high a descriptor.
    static Result<RawSocket> open(Loop& loop, Family family, std::uint8_t protocol,
                                  const RawOptions& options = {});
    /// Takes over a socket that was opened elsewhere; `reports_failures` where it has IP_RECVERR.
    static Result<RawSocket> adopt(Loop& loop, Socket socket, bool reports_failures);
};

}  // namespace fivetuple
