#include "fivetuple/transport/unix.h"

#include "fivetuple/task/sleep.h"
#include "fivetuple/transport/connect.h"

#include <algorithm>

namespace fivetuple {

Task<Result<UnixStream>> UnixStream::connect(SocketAddress to) {
    if (!to.is_unix()) {
        co_return std::unexpected(
            Error::malformed("connect", "it is not an address in the Unix domain")
                .about(to.to_string()));
    }
    Loop& loop = co_await this_loop();
    FT_CO_TRY(const Handle socket, loop.sockets().open(to.family(), SocketType::stream, 0));
    UnixStream stream(loop, socket);
    // A full queue cannot be waited for: the kernel says EAGAIN, and never that there is room.
    constexpr Duration kLongest = std::chrono::milliseconds(50);
    for (Duration pause = std::chrono::milliseconds(1);; pause = std::min(pause * 2, kLongest)) {
        auto connected = co_await ConnectSocket(socket, to);
        if (connected) co_return stream;
        if (!connected.error().is(EAGAIN)) {
            co_return std::unexpected(std::move(connected).error());
        }
        auto slept = co_await sleep(pause);
        if (!slept) co_return std::unexpected(std::move(slept).error().about(to.to_string()));
    }
}

Result<UnixListener> UnixListener::bind(Loop& loop, const SocketAddress& at,
                                        const ListenOptions& options) {
    if (!at.is_unix()) {
        return std::unexpected(Error::malformed("bind", "it is not an address in the Unix domain")
                                   .about(at.to_string()));
    }
    FT_TRY(ListeningSocket socket, open(loop, at, options));
    return UnixListener(std::move(socket), PathSocket(at));
}

}  // namespace fivetuple
