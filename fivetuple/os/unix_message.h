#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/ancillary.h"
#include "fivetuple/os/fd.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fivetuple {

/// Who a message comes from, as the kernel vouches for it. unix(7), SCM_CREDENTIALS
struct Credentials {
    std::int32_t pid = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;

    bool operator==(const Credentials&) const = default;
};

/// A message of a Unix socket, with what travelled beside its bytes.
struct UnixMessage {
    Bytes bytes;                        ///< The front of the buffer it was received into.
    std::vector<Fd> files;              ///< Descriptors passed, ours now; close-on-exec.
    std::optional<Credentials> sender;  ///< Where PassCredentials is on.
    Fd sender_process;                  ///< Where PassProcess is on: its pidfd.
    SocketAddress from;                 ///< The sender's name, where it has one.
};

/// Descriptors that one message can carry. unix(7), SCM_MAX_FD
inline constexpr std::size_t kMostFiles = 253;

/// A recvmsg(2) of one such message: its header and the room for what travels beside.
class UnixMessageRoom {
public:
    /// The header, ready to receive into `into`. The room must stay where it is.
    mmsghdr& prepare(MutableBytes into);
    /// What recvmsg(2) has left there. All descriptors that came have an owner afterwards, also
    /// where this fails.
    /// Errors: EMSGSIZE, where the bytes did not fit; limit, where the kernel had to drop
    /// descriptors (as of a process that has no more): those that came are closed.
    Result<UnixMessage> take();

private:
    // Descriptors, credentials and a pidfd.
    static constexpr std::size_t kControl =
        CMSG_SPACE(kMostFiles * sizeof(int)) + CMSG_SPACE(12) + CMSG_SPACE(sizeof(int));

    mmsghdr header_{};
    iovec bytes_{};
    sockaddr_un name_{};
    alignas(cmsghdr) std::array<std::byte, kControl> control_;
};

/// A sendmsg(2) of bytes and descriptors, which stay the caller's: the peer gets duplicates.
class UnixMessageToSend {
public:
    /// Errors: limit, for more descriptors than one message carries.
    static Result<UnixMessageToSend> of(Bytes bytes, std::span<const int> files);
    /// The header, to `to` where that is not null. What it points to must stay where it is.
    mmsghdr& prepare(const SocketAddress* to);

private:
    Bytes bytes_;
    mmsghdr header_{};
    std::size_t control_size_ = 0;
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(kMostFiles * sizeof(int))> control_;
};

}  // namespace fivetuple
