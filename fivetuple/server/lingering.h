#pragma once

#include "fivetuple/server/limits.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/socket_stream.h"

namespace fivetuple {

/// Ends a stream whose peer may still be sending: says that no more will come, then reads and
/// throws away what does, within the limits, until the peer ends too. Closing at once would answer
/// what is unread by a reset, which destroys what was sent last. The stream stays the caller's to
/// close. shutdown(2), RFC 1122 4.2.2.13
Task<void> linger_at_end(SocketStream& stream, const ServerLimits& limits);

/// Closes by a reset: what has not been sent is thrown away, and no TIME_WAIT stays behind.
void close_by_reset(SocketStream& stream);

}  // namespace fivetuple
