#pragma once

#include "fivetuple/os/ping_session.h"
#include "fivetuple/os/socket.h"

#include <cstdint>
#include <string>

namespace fivetuple {

/// A socket that echo requests are sent by, and what a PingSession has to know of it.
struct PingSocket {
    Socket socket;
    PingMeans means = PingMeans::ping_socket;
    std::uint16_t identifier = 0;  ///< The kernel puts it into what a ping socket sends.
    std::uint64_t mark = 0;        ///< By chance; tells our probes from those of others.
    std::string because;           ///< Why it is of this kind, in words.
};

/// A socket to ping `to` by: a ping socket where net.ipv4.ping_group_range has this process's
/// group, else a raw one. It tells of each answer's hops and time, and of failures. Errors: EPERM,
/// where neither is allowed, naming both ways out; limit, for a size over what a packet carries;
/// EINVAL for a `ttl` out of range; as Socket::bind() for `from`. icmp(7), raw(7)
Result<PingSocket> open_ping_socket(const IpAddress& to, const PingOptions& options);

/// Whether an error of receiving tells of a packet that came back, and not of the socket itself:
/// the error queue then says of which.
bool is_of_a_probe(const Error& error);

/// The wall clock's time, by which the kernel stamps packets. clock_gettime(2), CLOCK_REALTIME
WallTime wall_now();

}  // namespace fivetuple
