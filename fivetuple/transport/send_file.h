#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/socket_stream.h"

#include <cstddef>
#include <cstdint>

namespace fivetuple {

struct SendFileOptions {
    /// How long to wait for room in the connection, each time.
    Duration write_limit = Duration::max();
    /// Bytes between two looks at what else the loop has to do.
    std::size_t at_once = std::size_t{512} * 1024;
};

/// Sends `count` bytes of an open file, from `offset` on, without copying them through this
/// process: Transfer, with the bytes that went before an error. Parts that are not in memory are
/// brought there by a helper thread, so that the loop does not wait for the disk. `file` stays the
/// caller's and its position where it is.
/// Errors: ended, where the file is, or becomes, shorter; EBADF, EIO; those of write_all().
/// sendfile(2)
Task<Transfer> send_file(SocketStream& to, int file, std::uint64_t offset, std::uint64_t count,
                         SendFileOptions options = {});

}  // namespace fivetuple
