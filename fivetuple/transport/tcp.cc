#include "fivetuple/transport/tcp.h"

#include "fivetuple/os/expect_address.h"
#include "fivetuple/os/options.h"
#include "fivetuple/transport/connect.h"

namespace fivetuple {
namespace {

Result<Handle> open_socket(Loop& loop, Family family, bool multipath) {
    return open_tcp(multipath, [&](int protocol) {
        return loop.sockets().open(family, SocketType::stream, protocol);
    });
}

}  // namespace

Task<Result<TcpStream>> TcpStream::connect(SocketAddress to, ConnectOptions options) {
    FT_CO_TRY_VOID(expect_ip(to, "connect", "TCP"));
    Loop& loop = co_await this_loop();
    FT_CO_TRY(const Handle socket, open_socket(loop, to.family(), options.multipath));
    TcpStream stream(loop, socket);
    FT_CO_TRY_VOID(set(stream, NoDelay{}));
    if (options.fast_open) FT_CO_TRY_VOID(set(stream, FastOpenConnect{}));
    if (options.from) {
        // Else the port is taken for every destination, and they run out sooner.
        FT_CO_TRY_VOID(set(stream, BindAddressNoPort{}));
        FT_CO_TRY_VOID(loop.sockets().bind(socket, *options.from));
    }
    FT_CO_TRY_VOID(co_await ConnectSocket(socket, to));
    // The kernel may connect a socket to itself, when nobody listens on a port of the range that it
    // picks local ports from. Nobody answered, then.
    const auto local = stream.local_address();
    if (local && *local == to) {
        co_return std::unexpected(Error::system(ECONNREFUSED, "connect").about(to.to_string()));
    }
    co_return stream;
}

Result<TcpListener> TcpListener::bind(Loop& loop, const SocketAddress& at,
                                      const ListenOptions& options) {
    FT_TRY_VOID(expect_ip(at, "bind", "TCP"));
    FT_TRY(ListeningSocket socket, open(loop, at, options));
    return TcpListener(std::move(socket));
}

}  // namespace fivetuple
