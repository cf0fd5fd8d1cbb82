#include "fivetuple/blocking/unix_messages.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/expect_address.h"

namespace fivetuple::blocking {

Result<UnixMessage> UnixMessageSocket::receive(MutableBytes into, Time deadline) {
    UnixMessageRoom room;
    FT_TRY_VOID(wait_and_try(fd().raw(), Ready::read, deadline, "recvmsg", [&] {
        return calls::receive_messages(fd().raw(), {&room.prepare(into), 1});
    }));
    return room.take();
}

Result<std::size_t> UnixMessageSocket::send(Bytes message, std::span<const int> files,
                                            const SocketAddress* to, Time deadline) {
    FT_TRY(UnixMessageToSend under_way, UnixMessageToSend::of(message, files));
    mmsghdr& header = under_way.prepare(to);
    auto sent = wait_and_try(fd().raw(), Ready::write, deadline, "sendmsg",
                             [&] { return calls::send_messages(fd().raw(), {&header, 1}); });
    if (sent) return header.msg_len;
    Error why = std::move(sent).error();
    if (to != nullptr) why = std::move(why).about(to->to_string());
    return std::unexpected(std::move(why));
}

Result<UnixDatagram> UnixDatagram::bind(const SocketAddress& at, const PathOptions& options) {
    FT_TRY_VOID(expect_unix(at, "bind"));
    FT_TRY(Socket socket, Socket::open(at.family(), SocketType::datagram));
    PathSocket path;
    if (at.is_abstract()) {
        FT_TRY_VOID(socket.bind(at));
    } else {
        FT_TRY(path, bind_path(socket, at, options));
    }
    return UnixDatagram(std::move(socket), std::move(path));
}

Result<UnixDatagram> UnixDatagram::connect(const SocketAddress& to, Time deadline) {
    FT_TRY_VOID(expect_unix(to, "connect"));
    FT_TRY(Socket opened, Socket::open(to.family(), SocketType::datagram));
    UnixDatagram socket(std::move(opened));
    FT_TRY_VOID(socket.connect_to(to, deadline));
    return socket;
}

Result<void> UnixDatagram::connect_to(const SocketAddress& to, Time deadline) {
    FT_TRY_VOID(expect_unix(to, "connect"));
    return socket().connect(to, deadline);
}

}  // namespace fivetuple::blocking
