#include "fivetuple/server/activation.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace fivetuple {
namespace {

Error not_right(const InheritedSocket& socket, std::string_view why) {
    return Error::system(EINVAL, "inherit")
        .about(socket.name + " (" + socket.at.to_string() + ")")
        .because(why);
}

Result<void> expect_listener(const InheritedSocket& socket) {
    if (socket.type != SocketType::stream) {
        return std::unexpected(not_right(socket, "it is no socket for streams"));
    }
    if (!socket.listens) return std::unexpected(not_right(socket, "it does not listen"));
    return {};
}

Result<ListeningSocket> adopt(Loop& loop, InheritedSocket inherited) {
    FT_TRY_VOID(expect_listener(inherited));
    FT_TRY(const Handle handle, loop.sockets().adopt(std::move(inherited.socket).release()));
    return ListeningSocket(loop, handle);
}

}  // namespace

Result<std::vector<InheritedSocket>> take_inherited_listeners() {
    FT_TRY(std::vector<InheritedSocket> sockets, take_inherited_sockets());
    for (const InheritedSocket& each : sockets) FT_TRY_VOID(expect_listener(each));
    return sockets;
}

Result<InheritedSocket> take_named(std::vector<InheritedSocket>& sockets, std::string_view name) {
    const auto found = std::ranges::find(sockets, name, &InheritedSocket::name);
    if (found != sockets.end()) {
        InheritedSocket taken = std::move(*found);
        sockets.erase(found);
        return taken;
    }
    std::string names;
    for (const InheritedSocket& each : sockets) names += (names.empty() ? "" : ", ") + each.name;
    return std::unexpected(
        Error::system(ENOENT, "inherit")
            .about(name)
            .because(names.empty() ? "no socket was given" : "the sockets given are " + names));
}

Result<TcpListener> adopt_tcp_listener(Loop& loop, InheritedSocket inherited) {
    if (!inherited.at.is_ip()) {
        return std::unexpected(not_right(inherited, "it is no socket of TCP"));
    }
    FT_TRY(ListeningSocket listener, adopt(loop, std::move(inherited)));
    return TcpListener(std::move(listener));
}

Result<TcpStream> adopt_tcp_stream(Loop& loop, InheritedSocket inherited) {
    if (!inherited.at.is_ip() || inherited.type != SocketType::stream) {
        return std::unexpected(not_right(inherited, "it is no socket of TCP"));
    }
    if (inherited.listens) return std::unexpected(not_right(inherited, "it listens"));
    FT_TRY(const Handle handle, loop.sockets().adopt(std::move(inherited.socket).release()));
    return TcpStream(loop, handle);
}

Result<SocketListener<UnixStream>> adopt_unix_listener(Loop& loop, InheritedSocket inherited) {
    if (!inherited.at.is_unix()) {
        return std::unexpected(not_right(inherited, "it is no socket of the Unix domain"));
    }
    FT_TRY(ListeningSocket listener, adopt(loop, std::move(inherited)));
    return SocketListener<UnixStream>(std::move(listener));
}

}  // namespace fivetuple
