#include "fivetuple/os/zero_copy.h"

#include "fivetuple/os/ancillary.h"
#include "fivetuple/os/calls.h"

#include <netinet/in.h>
#include <sys/socket.h>

// It uses timespec, which it does not include.
#include <linux/errqueue.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace fivetuple::calls {
namespace {

bool is_error(const ControlMessage& message) {
    return (message.level == SOL_IP && message.type == IP_RECVERR) ||
           (message.level == SOL_IPV6 && message.type == IPV6_RECVERR);
}

}  // namespace

int allow_zero_copy(int fd) {
    const int on = 1;
    return ::setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on) == 0 ? 0 : -errno;
}

int send_zero_copy(int fd, Bytes from) {
    constexpr std::size_t kMost = std::size_t{1} << 30;
    while (true) {
        const auto sent = ::send(fd, from.data(), std::min(from.size(), kMost),
                                 MSG_ZEROCOPY | MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) return static_cast<int>(sent);
        if (errno != EINTR) return -errno;
    }
}

std::optional<ZeroCopyNote> next_zero_copy_note(int fd) {
    while (true) {
        alignas(cmsghdr) std::array<std::byte, 128> control;
        msghdr header{};
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        if (receive_from_error_queue(fd, header) < 0) return std::nullopt;
        ControlReader reader({control.data(), static_cast<std::size_t>(header.msg_controllen)});
        ControlMessage message;
        while (reader.next(message)) {
            sock_extended_err raw{};
            if (!is_error(message) || !message.read(raw)) continue;
            if (raw.ee_origin != SO_EE_ORIGIN_ZEROCOPY || raw.ee_errno != 0) continue;
            return ZeroCopyNote{raw.ee_info, raw.ee_data,
                                (raw.ee_code & SO_EE_CODE_ZEROCOPY_COPIED) != 0};
        }
    }
}

}  // namespace fivetuple::calls
