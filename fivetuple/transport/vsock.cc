#include "fivetuple/transport/vsock.h"

#include "fivetuple/transport/connect.h"

namespace fivetuple {

Task<Result<VsockStream>> VsockStream::connect(SocketAddress to) {
    FT_CO_TRY_VOID(check_vsock_peer(to));
    Loop& loop = co_await this_loop();
    FT_CO_TRY(const Handle socket, loop.sockets().open(Family::vsock, SocketType::stream, 0));
    VsockStream stream(loop, socket);
    FT_CO_TRY_VOID(co_await ConnectSocket(socket, to));
    co_return stream;
}

Result<VsockListener> VsockListener::bind(Loop& loop, const SocketAddress& at,
                                          const ListenOptions& options) {
    FT_TRY_VOID(expect_vsock(at, "bind"));
    FT_TRY(ListeningSocket socket, open(loop, at, options));
    return VsockListener(std::move(socket));
}

}  // namespace fivetuple
