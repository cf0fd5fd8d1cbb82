#include "fivetuple/blocking/sctp.h"

#include "fivetuple/os/expect_address.h"
#include "fivetuple/os/options.h"

namespace fivetuple::blocking {
namespace {

Result<Socket> open_sctp(Family family) {
    auto opened = Socket::open(family, SocketType::stream, kSctp);
    if (!opened) return std::unexpected(explain_sctp(std::move(opened).error()));
    return opened;
}

}  // namespace

Result<SctpStream> SctpStream::connect(const SocketAddress& to, Time deadline) {
    FT_TRY_VOID(expect_ip(to, "connect", "SCTP"));
    FT_TRY(Socket socket, open_sctp(to.family()));
    FT_TRY_VOID(socket.connect(to, deadline));
    return SctpStream(std::move(socket));
}

Result<SctpListener> SctpListener::bind(const SocketAddress& at, int backlog) {
    FT_TRY_VOID(expect_ip(at, "bind", "SCTP"));
    FT_TRY(Socket socket, open_sctp(at.family()));
    FT_TRY_VOID(set(socket, ReuseAddress{}));
    FT_TRY_VOID(socket.bind(at));
    FT_TRY_VOID(socket.listen(backlog));
    return SctpListener(std::move(socket));
}

}  // namespace fivetuple::blocking
