#include "fivetuple/blocking/udp.h"

#include "fivetuple/os/expect_address.h"

namespace fivetuple::blocking {

Result<UdpSocket> UdpSocket::open(Family family, const UdpOptions& options) {
    FT_TRY(Socket opened, Socket::open(family, SocketType::datagram));
    UdpSocket socket(std::move(opened));
    FT_TRY_VOID(prepare_udp(OptionAccess(socket), family, options));
    if (options.report_failures || options.tell_sent) {
        socket.failures_ = std::make_unique<FailureLog>();
    }
    socket.tells_sent_ = options.tell_sent;
    if (options.join) socket.join();
    return socket;
}

Result<UdpSocket> UdpSocket::bind(const SocketAddress& at, const UdpOptions& options) {
    FT_TRY_VOID(expect_ip(at, "bind", "UDP"));
    FT_TRY(UdpSocket socket, open(at.family(), options));
    FT_TRY_VOID(socket.socket().bind(at));
    return socket;
}

Result<UdpSocket> UdpSocket::connect(const SocketAddress& to, const UdpOptions& options,
                                     Time deadline) {
    FT_TRY_VOID(expect_ip(to, "connect", "UDP"));
    FT_TRY(UdpSocket socket, open(to.family(), options));
    if (options.from) FT_TRY_VOID(socket.socket().bind(*options.from));
    FT_TRY_VOID(socket.socket().connect(to, deadline));
    return socket;
}

}  // namespace fivetuple::blocking
