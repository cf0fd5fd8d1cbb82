#include "fivetuple/blocking/unix.h"

#include "fivetuple/os/clock.h"
#include "fivetuple/os/expect_address.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

namespace fivetuple::blocking {

Result<Socket> connect_unix(const SocketAddress& to, SocketType type, Time deadline) {
    FT_TRY_VOID(expect_unix(to, "connect"));
    FT_TRY(Socket socket, Socket::open(to.family(), type));
    // A full queue cannot be waited for: the kernel says EAGAIN, and never that there is room.
    constexpr Duration kLongest = std::chrono::milliseconds(50);
    for (Duration pause = std::chrono::milliseconds(1);; pause = std::min(pause * 2, kLongest)) {
        auto connected = socket.connect(to, deadline);
        if (connected) return socket;
        if (!connected.error().is(EAGAIN)) return std::unexpected(std::move(connected).error());
        const Duration left = deadline - monotonic_now();
        if (left <= Duration::zero()) {
            return std::unexpected(Error::deadline("connect").about(to.to_string()));
        }
        std::this_thread::sleep_for(std::min(pause, left));
    }
}

Result<std::pair<Socket, PathSocket>> listen_unix(const SocketAddress& at, SocketType type,
                                                  const UnixListenOptions& options) {
    FT_TRY_VOID(expect_unix(at, "bind"));
    FT_TRY(Socket socket, Socket::open(at.family(), type));
    PathSocket path;
    if (at.is_abstract()) {
        FT_TRY_VOID(socket.bind(at));
    } else {
        FT_TRY(path, bind_path(socket, at, options.path));
    }
    auto listening = socket.listen(options.backlog);
    if (!listening) return std::unexpected(std::move(listening).error().about(at.to_string()));
    return std::pair(std::move(socket), std::move(path));
}

}  // namespace fivetuple::blocking
