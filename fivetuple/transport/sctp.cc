#include "fivetuple/transport/sctp.h"

#include "fivetuple/os/expect_address.h"
#include "fivetuple/os/options.h"
#include "fivetuple/transport/connect.h"

namespace fivetuple {
namespace {

Result<Handle> open_sctp(Loop& loop, Family family) {
    auto opened = loop.sockets().open(family, SocketType::stream, kSctp);
    if (!opened) return std::unexpected(explain_sctp(std::move(opened).error()));
    return opened;
}

}  // namespace

Task<Result<SctpStream>> SctpStream::connect(SocketAddress to) {
    FT_CO_TRY_VOID(expect_ip(to, "connect", "SCTP"));
    Loop& loop = co_await this_loop();
    FT_CO_TRY(const Handle socket, open_sctp(loop, to.family()));
    SctpStream stream(loop, socket);
    FT_CO_TRY_VOID(co_await ConnectSocket(socket, to));
    co_return stream;
}

Result<SctpListener> SctpListener::bind(Loop& loop, const SocketAddress& at, int backlog) {
    FT_TRY_VOID(expect_ip(at, "bind", "SCTP"));
    FT_TRY(const Handle socket, open_sctp(loop, at.family()));
    ListeningSocket listener(loop, socket);
    FT_TRY_VOID(set(listener, ReuseAddress{}));
    FT_TRY_VOID(loop.sockets().bind(socket, at));
    FT_TRY_VOID(loop.sockets().listen(socket, backlog));
    return SctpListener(std::move(listener));
}

}  // namespace fivetuple
