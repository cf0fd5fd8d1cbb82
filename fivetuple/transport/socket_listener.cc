#include "fivetuple/transport/socket_listener.h"

#include "fivetuple/os/options.h"

namespace fivetuple {

Result<ListeningSocket> ListeningSocket::open(Loop& loop, const SocketAddress& at,
                                              const ListenOptions& options) {
    FT_TRY(const Handle socket, loop.sockets().open(at.family(), SocketType::stream, 0));
    ListeningSocket listener(loop, socket);
    if (at.is_ip()) {
        FT_TRY_VOID(set(listener, ReuseAddress{}));
        FT_TRY_VOID(set(listener, NoDelay{}));
    }
    if (options.reuse_port) FT_TRY_VOID(set(listener, ReusePort{}));
    if (at.family() == Family::ipv6) FT_TRY_VOID(set(listener, V6Only{options.v6_only}));
    FT_TRY_VOID(loop.sockets().bind(socket, at));
    auto listening = loop.sockets().listen(socket, options.backlog);
    if (!listening) return std::unexpected(std::move(listening).error().about(at.to_string()));
    return listener;
}

Result<AcceptQueue> ListeningSocket::accept_queue() const {
    auto info = get<ListenerInfo>(*this);
    if (!info) return std::unexpected(std::move(info).error());
    return AcceptQueue{info->waiting, info->limit};
}

}  // namespace fivetuple
