#include "fivetuple/blocking/vsock.h"

namespace fivetuple::blocking {

Result<VsockStream> VsockStream::connect(const SocketAddress& to, Time deadline) {
    FT_TRY_VOID(check_vsock_peer(to));
    FT_TRY(Socket socket, Socket::open(Family::vsock, SocketType::stream));
    FT_TRY_VOID(socket.connect(to, deadline));
    return VsockStream(std::move(socket));
}

Result<VsockListener> VsockListener::bind(const SocketAddress& at, const ListenOptions& options) {
    FT_TRY_VOID(expect_vsock(at, "bind"));
    FT_TRY(Socket socket, Socket::open(Family::vsock, SocketType::stream));
    FT_TRY_VOID(prepare_listener(OptionAccess(socket), Family::vsock, options));
    FT_TRY_VOID(socket.bind(at));
    auto listening = socket.listen(options.backlog);
    if (!listening) return std::unexpected(std::move(listening).error().about(at.to_string()));
    return VsockListener(std::move(socket));
}

}  // namespace fivetuple::blocking
