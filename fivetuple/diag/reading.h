#pragma once

#include "fivetuple/diag/socket.h"
#include "fivetuple/os/netlink/message.h"

// What stands in the kernel's messages about sockets.
namespace fivetuple::diag {

/// One socket of the Internet, of a dump of `kind`. Views stay the message's.
/// Errors, as of the others: malformed, where the message or an attribute lies about its length.
Result<SeenSocket> read_internet(const netlink::Message& message, Kind kind);
/// One socket of the Unix domain.
Result<SeenSocket> read_unix(const netlink::Message& message);
/// One socket of frames.
Result<SeenSocket> read_packet(const netlink::Message& message);

/// A line of /proc/net/raw, or raw6 where `is_v6`: for kernels without raw sockets in sock_diag.
/// Errors: malformed.
Result<SeenSocket> read_raw_line(std::string_view line, bool is_v6);

}  // namespace fivetuple::diag
