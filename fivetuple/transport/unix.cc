#include "fivetuple/transport/unix.h"

#include "fivetuple/os/expect_address.h"
#include "fivetuple/task/sleep.h"
#include "fivetuple/transport/connect.h"
#include "fivetuple/transport/unix_messages.h"

#include <algorithm>

namespace fivetuple {

Task<Result<void>> connect_unix(Handle socket, const SocketAddress& to) {
    // A full queue cannot be waited for: the kernel says EAGAIN, and never that there is room.
    constexpr Duration kLongest = std::chrono::milliseconds(50);
    for (Duration pause = std::chrono::milliseconds(1);; pause = std::min(pause * 2, kLongest)) {
        auto connected = co_await ConnectSocket(socket, to);
        if (connected) co_return {};
        if (!connected.error().is(EAGAIN)) {
            co_return std::unexpected(std::move(connected).error());
        }
        auto slept = co_await sleep(pause);
        if (slept) continue;
        Error why =
            slept.error().is_deadline() ? Error::deadline("connect") : Error::cancelled("connect");
        co_return std::unexpected(std::move(why).about(to.to_string()));
    }
}

Task<Result<UnixStream>> UnixStream::connect(SocketAddress to) {
    FT_CO_TRY_VOID(expect_unix(to, "connect"));
    Loop& loop = co_await this_loop();
    FT_CO_TRY(const Handle socket, loop.sockets().open(to.family(), SocketType::stream, 0));
    UnixStream stream(loop, socket);
    FT_CO_TRY_VOID(co_await connect_unix(socket, to));
    co_return stream;
}

Result<std::pair<UnixStream, UnixStream>> UnixStream::pair(Loop& loop) {
    return connected_pair<UnixStream>(loop, SocketType::stream);
}

Task<Transfer> UnixStream::send_files(Bytes bytes, std::span<const int> files) {
    // Descriptors without a byte would be lost without a word.
    if (bytes.empty()) co_return Transfer(0, Error::system(EINVAL, "sendmsg"));
    auto first = co_await SendUnixMessage(*this, bytes, files);
    if (!first) co_return Transfer(0, std::move(first).error());
    if (*first == bytes.size()) co_return Transfer(*first);
    auto rest = co_await write_all(bytes.subspan(*first));
    const std::size_t moved = *first + rest.bytes_moved();
    if (!rest) co_return Transfer(moved, std::move(rest).error());
    co_return Transfer(moved);
}

Task<Result<UnixMessage>> UnixStream::receive_message(MutableBytes into) {
    if (into.empty()) co_return std::unexpected(Error::system(EINVAL, "recvmsg"));
    co_return co_await ReceiveUnixMessage(*this, into);
}

Result<std::pair<ListeningSocket, PathSocket>> UnixListener::listen(
    Loop& loop, const SocketAddress& at, SocketType type, const UnixListenOptions& options) {
    FT_TRY_VOID(expect_unix(at, "bind"));
    Handle handle;
    PathSocket path;
    if (at.is_abstract()) {
        FT_TRY(handle, loop.sockets().open(at.family(), type, 0));
    } else {
        FT_TRY(Socket socket, Socket::open(at.family(), type));
        FT_TRY(path, bind_path(socket, at, options.path));
        FT_TRY(handle, loop.sockets().adopt(std::move(socket).release()));
    }
    ListeningSocket listener(loop, handle);
    if (at.is_abstract()) FT_TRY_VOID(loop.sockets().bind(handle, at));
    auto listening = loop.sockets().listen(handle, options.backlog);
    if (!listening) return std::unexpected(std::move(listening).error().about(at.to_string()));
    return std::pair(std::move(listener), std::move(path));
}

Result<UnixListener> UnixListener::bind(Loop& loop, const SocketAddress& at,
                                        const UnixListenOptions& options) {
    FT_TRY(auto listening, listen(loop, at, SocketType::stream, options));
    return UnixListener(std::move(listening.first), std::move(listening.second));
}

}  // namespace fivetuple
