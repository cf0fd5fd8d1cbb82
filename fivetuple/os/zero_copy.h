#pragma once

#include "fivetuple/base/bytes.h"

#include <cstdint>
#include <optional>

// Sending from where the bytes are, as fivetuple/os/calls.h says. The kernel numbers the calls of a
// socket that moved something, from 0, and tells in the socket's error queue which are done with
// their bytes: until then nobody may change these. MSG_ZEROCOPY in send(2),
// https://docs.kernel.org/networking/msg_zerocopy.html
namespace fivetuple::calls {

/// Makes it possible on a socket: 0 or -errno, as of a Unix socket. SO_ZEROCOPY in socket(7)
int allow_zero_copy(int fd);
/// send(2) with MSG_ZEROCOPY; -ENOBUFS where the socket may not keep so many notes.
int send_zero_copy(int fd, Bytes from);

/// The calls from `first` to `last` are done.
struct ZeroCopyNote {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    bool copied = false;  ///< The kernel made copies all the same.
};
/// The next note. Whatever else stands before it in the error queue is dropped.
std::optional<ZeroCopyNote> next_zero_copy_note(int fd);

}  // namespace fivetuple::calls
