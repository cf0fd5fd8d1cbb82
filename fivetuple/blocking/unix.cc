#include "fivetuple/blocking/unix.h"

#include "fivetuple/os/calls.h"
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

Transfer UnixStream::send_files(Bytes bytes, std::span<const int> files, Time deadline) {
    // Descriptors without a byte would be lost without a word.
    if (bytes.empty()) return {0, Error::system(EINVAL, "sendmsg")};
    auto under_way = UnixMessageToSend::of(bytes, files);
    if (!under_way) return {0, std::move(under_way).error()};
    mmsghdr& header = under_way->prepare(nullptr);
    auto sent = wait_and_try(fd().raw(), Ready::write, deadline, "sendmsg",
                             [&] { return calls::send_messages(fd().raw(), {&header, 1}); });
    if (!sent) return {0, std::move(sent).error()};
    const std::size_t first = header.msg_len;
    if (first == bytes.size()) return Transfer(first);
    auto rest = write_all(bytes.subspan(first), deadline);
    const std::size_t moved = first + rest.bytes_moved();
    if (!rest) return {moved, std::move(rest).error()};
    return Transfer(moved);
}

Result<UnixMessage> UnixStream::receive_message(MutableBytes into, Time deadline) {
    if (into.empty()) return std::unexpected(Error::system(EINVAL, "recvmsg"));
    UnixMessageRoom room;
    FT_TRY_VOID(wait_and_try(fd().raw(), Ready::read, deadline, "recvmsg", [&] {
        return calls::receive_messages(fd().raw(), {&room.prepare(into), 1});
    }));
    return room.take();
}

}  // namespace fivetuple::blocking
