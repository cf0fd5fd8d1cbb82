#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/fd.h"
#include "fivetuple/os/netlink/exchange.h"
#include "fivetuple/os/netlink/request.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace fivetuple::netlink {

/// The parts of the kernel that can be talked to. netlink(7)
enum class Protocol : std::uint8_t { route = 0, sock_diag = 4, netfilter = 12, generic = 16 };

/// A socket of the kernel's own messages, non-blocking and close-on-exec. It is told errors in
/// words, and its requests are checked strictly, where this kernel does that.
struct OpenSocket {
    Fd fd;
    Protocol protocol = Protocol::route;
    std::uint32_t port = 0;      ///< By which answers name it.
    std::uint32_t sequence = 0;  ///< Of the last request.
    /// An answer was given up before its end: more of it may come, and no list can be asked for.
    bool is_answering = false;
};

/// A socket that hears what is said to `groups`.
/// Errors: EPROTONOSUPPORT, EMFILE; EPERM for some groups; ENOENT, where there is no such group.
Result<OpenSocket> open_socket(Protocol protocol, std::span<const std::uint32_t> groups = {});

/// A recvmsg(2) of one datagram, and its memory, which is used again for the next one.
class ReceiveRoom {
public:
    /// The kernel makes datagrams of at most 32 KiB, unless one thing alone needs more.
    explicit ReceiveRoom(std::size_t bytes = 65536) : size_(bytes) {}

    /// The header, ready to receive.
    mmsghdr& prepare();
    /// The datagram that recvmsg(2) has left there, valid until the next one. Empty where it came
    /// from another process: nobody but the kernel is listened to. Errors: limit, naming both
    /// sizes, where it did not fit; malformed.
    Result<Bytes> take() const;

private:
    struct Header {
        mmsghdr message{};
        iovec bytes{};
        alignas(4) std::array<std::byte, 16> name{};
    };

    // Made when it is first used; in places that stay when the room moves.
    std::size_t size_;
    std::unique_ptr<std::byte[]> memory_;
    std::unique_ptr<Header> header_;
};

/// Error of a receive that failed with this errno: ENOBUFS is told in words.
Error receive_error(int code);

/// Sends `request`, waits for the answer and hands it to `sink`, all by blocking calls; what was
/// listed while it changed is asked for again. The kernel answers at once, as a rule. Errors: as
/// Exchange::next() and Sink::take(); deadline.
Result<void> converse(OpenSocket& socket, ReceiveRoom& room, Request& request, Sink& sink,
                      Time deadline = kNever);

/// The next datagram of the kernel, which stays `room`'s. Errors: as receive_error(); deadline.
Result<Bytes> receive_blocking(const OpenSocket& socket, ReceiveRoom& room, Time deadline);

}  // namespace fivetuple::netlink
