#include "fivetuple/transport/socket_listener.h"

#include "fivetuple/os/multipath.h"

namespace fivetuple {

Result<ListeningSocket> ListeningSocket::open(Loop& loop, const SocketAddress& at,
                                              const ListenOptions& options) {
    FT_TRY(const Handle socket, open_tcp(options.multipath && at.is_ip(), [&](int protocol) {
               return loop.sockets().open(at.family(), SocketType::stream, protocol);
           }));
    ListeningSocket listener(loop, socket);
    FT_TRY_VOID(prepare_listener(OptionAccess(listener), at.family(), options));
    FT_TRY_VOID(loop.sockets().bind(socket, at));
    auto listening = loop.sockets().listen(socket, options.backlog);
    if (!listening) return std::unexpected(std::move(listening).error().about(at.to_string()));
    return listener;
}

}  // namespace fivetuple
