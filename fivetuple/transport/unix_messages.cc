#include "fivetuple/transport/unix_messages.h"

#include "fivetuple/os/expect_address.h"
#include "fivetuple/os/socket.h"
#include "fivetuple/transport/connect.h"

namespace fivetuple {

Result<UnixDatagram> UnixDatagram::bind(Loop& loop, const SocketAddress& at,
                                        const PathOptions& options) {
    FT_TRY_VOID(expect_unix(at, "bind"));
    if (at.is_abstract()) {
        FT_TRY(const Handle handle, loop.sockets().open(at.family(), SocketType::datagram, 0));
        UnixDatagram bound(loop, handle);
        FT_TRY_VOID(loop.sockets().bind(handle, at));
        return bound;
    }
    FT_TRY(Socket socket, Socket::open(at.family(), SocketType::datagram));
    FT_TRY(PathSocket path, bind_path(socket, at, options));
    FT_TRY(const Handle handle, loop.sockets().adopt(std::move(socket).release()));
    UnixDatagram bound(loop, handle);
    bound.owns(std::move(path));
    return bound;
}

Task<Result<UnixDatagram>> UnixDatagram::connect(SocketAddress to) {
    FT_CO_TRY_VOID(expect_unix(to, "connect"));
    Loop& loop = co_await this_loop();
    FT_CO_TRY(const Handle handle, loop.sockets().open(to.family(), SocketType::datagram, 0));
    UnixDatagram socket(loop, handle);
    FT_CO_TRY_VOID(co_await ConnectSocket(handle, to));
    co_return socket;
}

Task<Result<void>> UnixDatagram::connect_to(SocketAddress to) {
    FT_CO_TRY_VOID(expect_unix(to, "connect"));
    FT_CO_TRY_VOID(co_await ConnectSocket(handle(), to));
    co_return {};
}

Result<std::pair<UnixDatagram, UnixDatagram>> UnixDatagram::pair(Loop& loop) {
    return connected_pair<UnixDatagram>(loop, SocketType::datagram);
}

Task<Result<UnixSeqpacket>> UnixSeqpacket::connect(SocketAddress to) {
    FT_CO_TRY_VOID(expect_unix(to, "connect"));
    Loop& loop = co_await this_loop();
    FT_CO_TRY(const Handle handle, loop.sockets().open(to.family(), SocketType::seqpacket, 0));
    UnixSeqpacket socket(loop, handle);
    FT_CO_TRY_VOID(co_await connect_unix(handle, to));
    co_return socket;
}

Result<std::pair<UnixSeqpacket, UnixSeqpacket>> UnixSeqpacket::pair(Loop& loop) {
    return connected_pair<UnixSeqpacket>(loop, SocketType::seqpacket);
}

Result<UnixSeqpacketListener> UnixSeqpacketListener::bind(Loop& loop, const SocketAddress& at,
                                                          const UnixListenOptions& options) {
    FT_TRY(auto listening, UnixListener::listen(loop, at, SocketType::seqpacket, options));
    return UnixSeqpacketListener(std::move(listening.first), std::move(listening.second));
}

}  // namespace fivetuple
