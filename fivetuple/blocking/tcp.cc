#include "fivetuple/blocking/tcp.h"

#include "fivetuple/os/expect_address.h"
#include "fivetuple/os/options.h"

namespace fivetuple::blocking {
namespace {

Result<Socket> open_socket(Family family, bool multipath) {
    return open_tcp(multipath, [&](int protocol) {
        return Socket::open(family, SocketType::stream, protocol);
    });
}

}  // namespace

Result<TcpStream> TcpStream::connect(const SocketAddress& to, const ConnectOptions& options,
                                     Time deadline) {
    FT_TRY_VOID(expect_ip(to, "connect", "TCP"));
    FT_TRY(Socket socket, open_socket(to.family(), options.multipath));
    FT_TRY_VOID(set(socket, NoDelay{}));
    if (options.fast_open) FT_TRY_VOID(set(socket, FastOpenConnect{}));
    if (options.from) {
        // Else the port is taken for every destination, and they run out sooner.
        FT_TRY_VOID(set(socket, BindAddressNoPort{}));
        FT_TRY_VOID(socket.bind(*options.from));
    }
    FT_TRY_VOID(socket.connect(to, deadline));
    return TcpStream(std::move(socket));
}

Result<TcpListener> TcpListener::bind(const SocketAddress& at, const ListenOptions& options) {
    FT_TRY_VOID(expect_ip(at, "bind", "TCP"));
    FT_TRY(Socket socket, open_socket(at.family(), options.multipath));
    FT_TRY_VOID(prepare_listener(OptionAccess(socket), at.family(), options));
    FT_TRY_VOID(socket.bind(at));
    auto listening = socket.listen(options.backlog);
    if (!listening) return std::unexpected(std::move(listening).error().about(at.to_string()));
    return TcpListener(std::move(socket));
}

}  // namespace fivetuple::blocking
