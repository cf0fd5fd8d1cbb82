#pragma once

#include "fivetuple/base/pump_count.h"
#include "fivetuple/blocking/socket_stream.h"

#include <cstdint>

namespace fivetuple::blocking {

/// Sends `count` bytes of an open file, from `offset` on, without copying them through this
/// process; says how many went before an error. `file` stays the caller's and its position where it
/// is. Errors: ended, where the file is, or becomes, shorter; EBADF, EIO; those of write_all().
/// sendfile(2)
Transfer send_file(SocketStream& to, int file, std::uint64_t offset, std::uint64_t count,
                   Time deadline = kNever);

struct PumpOptions {
    /// Stops after so many bytes; what the source has beyond them stays in it.
    std::uint64_t bytes_max = UINT64_MAX;
    /// Bytes between the two sides at most, in the kernel's pipe; a buffer has 64 KiB at most. Less
    /// where the system, or this user's share of pipes, does not allow so many.
    std::size_t at_once = std::size_t{1} << 20;
    /// Moves bytes inside the kernel where that is possible. splice(2)
    bool may_splice = true;
    /// Tells the receiving side when the source has ended: shutdown_write().
    bool passes_end_on = true;
    /// Where the count can be found after a failure, too.
    PumpCount* so_far = nullptr;
};

/// Moves what comes out of `from` into `to` until `from` ends, and then tells `to` so: one
/// direction of a proxy; a thread each for both. Errors: those of reading, as recv, and of writing,
/// as send; deadline.
Result<PumpCount> pump(SocketStream& from, SocketStream& to, const PumpOptions& options = {},
                       Time deadline = kNever);

}  // namespace fivetuple::blocking
