#include "fivetuple/transport/udp.h"

#include "fivetuple/os/expect_address.h"
#include "fivetuple/transport/connect.h"

namespace fivetuple {

Result<UdpSocket> UdpSocket::open(Loop& loop, Family family, const UdpOptions& options) {
    FT_TRY(const Handle handle, loop.sockets().open(family, SocketType::datagram, 0));
    UdpSocket socket(loop, handle);
    FT_TRY_VOID(prepare_udp(OptionAccess(socket), family, options));
    if (options.report_failures || options.tell_sent) {
        socket.failures_ = std::make_unique<FailureLog>();
    }
    socket.tells_sent_ = options.tell_sent;
    if (options.join) socket.join();
    return socket;
}

Result<UdpSocket> UdpSocket::bind(Loop& loop, const SocketAddress& at, const UdpOptions& options) {
    FT_TRY_VOID(expect_ip(at, "bind", "UDP"));
    FT_TRY(UdpSocket socket, open(loop, at.family(), options));
    FT_TRY_VOID(loop.sockets().bind(socket.handle(), at));
    return socket;
}

Task<Result<UdpSocket>> UdpSocket::connect(SocketAddress to, UdpOptions options) {
    FT_CO_TRY_VOID(expect_ip(to, "connect", "UDP"));
    Loop& loop = co_await this_loop();
    FT_CO_TRY(UdpSocket socket, open(loop, to.family(), options));
    if (options.from) FT_CO_TRY_VOID(loop.sockets().bind(socket.handle(), *options.from));
    FT_CO_TRY_VOID(co_await ConnectSocket(socket.handle(), to));
    co_return socket;
}

}  // namespace fivetuple
