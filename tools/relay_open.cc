#include "tools/relay_open.h"

#include "fivetuple/os/options.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/connect.h"
#include "fivetuple/transport/patience.h"
#include "fivetuple/transport/unix.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace ft_tool {

namespace ft = fivetuple;

namespace {

using Opened = ft::Result<std::unique_ptr<RelayEnd>>;
using ft::RelayAddress;
using ft::RelayKind;

ft::Result<void> apply(const RelayAddress& address, ft::OptionAccess socket) {
    for (const auto& each : address.settings) {
        FT_TRY_VOID(each.option->write(socket, each.value));
    }
    return {};
}

ft::SocketType type_of(const RelayAddress& address) {
    if (!address.keeps_messages()) return ft::SocketType::stream;
    return address.has_end() ? ft::SocketType::seqpacket : ft::SocketType::datagram;
}

/// A socket at its own address, and the file that made.
struct Bound {
    ft::Handle handle;
    ft::PathSocket path;
};

// With its options set, and bound to `at`.
ft::Result<Bound> bind_unix(ft::Loop& loop, const RelayAddress& address,
                            const ft::SocketAddress& at) {
    FT_TRY(ft::Socket socket, ft::Socket::open(at.family(), type_of(address)));
    FT_TRY_VOID(apply(address, ft::OptionAccess(socket)));
    Bound bound;
    if (at.is_abstract()) {
        FT_TRY_VOID(socket.bind(at));
    } else {
        ft::PathOptions options;
        options.mode = address.mode;
        FT_TRY(bound.path, ft::bind_path(socket, at, options));
    }
    FT_TRY(bound.handle, loop.sockets().adopt(std::move(socket).release()));
    return bound;
}

ft::Task<ft::Result<void>> connect(ft::Handle handle, const RelayAddress& address) {
    if (address.at.is_unix()) co_return co_await ft::connect_unix(handle, address.at);
    co_return co_await ft::ConnectSocket(handle, address.at);
}

ft::Task<Opened> connect_stream(ft::Loop& loop, const RelayAddress& address,
                                ft::Duration connect_limit) {
    const ft::Family family = address.at.family();
    FT_CO_TRY(const ft::Handle handle, loop.sockets().open(family, ft::SocketType::stream, 0));
    auto end = std::make_unique<RelayEnd>(ft::SocketStream(loop, handle));
    auto& stream = std::get<ft::SocketStream>(end->way);
    if (address.at.is_ip()) FT_CO_TRY_VOID(ft::set(stream, ft::NoDelay{}));
    FT_CO_TRY_VOID(apply(address, ft::OptionAccess(stream)));
    if (address.from) {
        FT_CO_TRY_VOID(ft::set(stream, ft::BindAddressNoPort{}));
        FT_CO_TRY_VOID(loop.sockets().bind(handle, *address.from));
    }
    FT_CO_TRY_VOID(co_await ft::within(connect_limit, connect(handle, address)));
    const auto tuple = stream.five_tuple();
    end->name = tuple ? tuple->to_string() : address.text;
    // The kernel may connect a socket to itself; nobody answered, then.
    if (address.at.is_ip() && tuple && tuple->local == address.at) {
        co_return std::unexpected(
            ft::Error::system(ECONNREFUSED, "connect").about(address.at.to_string()));
    }
    co_return end;
}

std::unique_ptr<RelayEnd> message_end(ft::Loop& loop, const RelayAddress& address, Bound bound) {
    auto socket = address.at.is_ip()
                      ? MessageEnd::Socket(ft::DatagramSocket(loop, bound.handle))
                      : MessageEnd::Socket(ft::UnixMessageSocket(loop, bound.handle));
    auto end = std::make_unique<RelayEnd>(
        MessageEnd(std::move(socket), address.has_end(), std::move(bound.path)));
    end->has_end = address.has_end();
    end->name = address.text;
    return end;
}

ft::Task<Opened> connect_messages(ft::Loop& loop, const RelayAddress& address,
                                  ft::Duration connect_limit) {
    Bound bound;
    const bool is_at_path = address.at.is_unix() && address.from;
    if (is_at_path) {
        FT_CO_TRY(bound, bind_unix(loop, address, *address.from));
    } else {
        FT_CO_TRY(bound.handle, loop.sockets().open(address.at.family(), type_of(address), 0));
    }
    const ft::Handle handle = bound.handle;
    auto end = message_end(loop, address, std::move(bound));
    if (!is_at_path) {
        FT_CO_TRY_VOID(apply(address, std::get<MessageEnd>(end->way).options()));
        if (address.from) FT_CO_TRY_VOID(loop.sockets().bind(handle, *address.from));
    }
    FT_CO_TRY_VOID(co_await ft::within(connect_limit, connect(handle, address)));
    co_return end;
}

ft::Task<Opened> wait_for_datagram(ft::Loop& loop, const RelayAddress& address, bool speaks) {
    Bound bound;
    if (address.at.is_unix()) {
        FT_CO_TRY(bound, bind_unix(loop, address, address.at));
    } else {
        FT_CO_TRY(bound.handle, loop.sockets().open(address.at.family(), type_of(address), 0));
    }
    const ft::Handle handle = bound.handle;
    auto end = message_end(loop, address, std::move(bound));
    auto& messages = std::get<MessageEnd>(end->way);
    if (address.at.is_ip()) {
        if (address.at.family() == ft::Family::ipv6) {
            const ft::OptionAccess access = messages.options();
            FT_CO_TRY_VOID(ft::set(access, ft::V6Only{{false}}));
        }
        FT_CO_TRY_VOID(apply(address, messages.options()));
        FT_CO_TRY_VOID(loop.sockets().bind(handle, address.at));
    }
    const auto at = loop.sockets().local_address(handle);
    if (speaks && at) std::fprintf(stderr, "listening on %s\n", at->to_string().c_str());
    FT_CO_TRY(const ft::SocketAddress peer, co_await messages.meet());
    end->name = address.text + " <-> " + peer.to_string();
    co_return end;
}

/// A connection that has been accepted, of whatever kind.
struct Accepted {
    Accepted(ft::Loop& of, ft::Handle socket) : loop(&of), handle(socket) {}
    ft::Loop* loop;
    ft::Handle handle;
};

std::unique_ptr<RelayEnd> accepted_end(const RelayAddress& address, const Accepted& peer) {
    if (address.keeps_messages()) return message_end(*peer.loop, address, {peer.handle, {}});
    ft::SocketStream stream(*peer.loop, peer.handle);
    const auto tuple = stream.five_tuple();
    auto end = std::make_unique<RelayEnd>(std::move(stream));
    end->name = tuple ? tuple->to_string() : address.text;
    return end;
}

Opened open_file(ft::Loop& loop, const RelayAddress& address) {
    int flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    flags |= address.reads && address.writes ? O_RDWR : address.writes ? O_WRONLY : O_RDONLY;
    if (address.creates) flags |= O_CREAT;
    if (address.truncates) flags |= O_TRUNC;
    if (address.appends) flags |= O_APPEND;
    ft::Fd file(::open(address.place.c_str(), flags, address.mode.value_or(0666)));
    if (!file) return std::unexpected(ft::Error::system(errno, "open").about(address.place));
    struct stat what{};
    if (::fstat(file.raw(), &what) == 0 && S_ISDIR(what.st_mode)) {
        return std::unexpected(ft::Error::system(EISDIR, "open").about(address.place));
    }
    if (address.mode && ::fchmod(file.raw(), *address.mode) != 0) {
        return std::unexpected(ft::Error::system(errno, "fchmod").about(address.place));
    }
    std::optional<ft::FileStream> in;
    std::optional<ft::FileStream> out;
    if (address.reads) {
        FT_TRY(in, ft::FileStream::share(loop, file.raw()));
    }
    if (address.writes) {
        FT_TRY(out, ft::FileStream::share(loop, file.raw()));
    }
    auto end = std::make_unique<RelayEnd>(FileEnd(std::move(in), std::move(out), false));
    end->reads = address.reads;
    end->writes = address.writes;
    end->name = address.text;
    return end;
}

Opened run_command(ft::Loop& loop, const RelayAddress& address) {
    FT_TRY(auto ends, ft::socket_pair(ft::SocketType::stream));
    FT_TRY(const ft::Handle ours, loop.sockets().adopt(std::move(ends.first)));
    auto end = std::make_unique<RelayEnd>(ft::SocketStream(loop, ours));
    FT_TRY(end->child, RelayChild::start(loop, address.place, ends.second));
    end->name = address.text;
    return end;
}

}  // namespace

ft::Result<RelayDoor> open_door(ft::Loop& loop, const RelayAddress& address) {
    Bound bound;
    RelayDoor door;
    door.address = &address;
    if (address.at.is_unix()) {
        FT_TRY(bound, bind_unix(loop, address, address.at));
        door.socket = ft::ListeningSocket(loop, bound.handle);
        door.path = std::move(bound.path);
    } else {
        const ft::Family family = address.at.family();
        FT_TRY(bound.handle, loop.sockets().open(family, ft::SocketType::stream, 0));
        door.socket = ft::ListeningSocket(loop, bound.handle);
        const ft::OptionAccess access(door.socket);
        FT_TRY_VOID(ft::prepare_listener(access, family, {}));
        FT_TRY_VOID(apply(address, access));
        FT_TRY_VOID(loop.sockets().bind(bound.handle, address.at));
    }
    auto listening = loop.sockets().listen(bound.handle, ft::ListenOptions().backlog);
    if (!listening) {
        return std::unexpected(std::move(listening).error().about(address.at.to_string()));
    }
    return door;
}

ft::Task<Opened> next_through(RelayDoor& door) {
    ft::Loop& loop = door.socket.loop();
    ft::Patience patience(static_cast<std::uint64_t>(loop.now().time_since_epoch().count()));
    while (true) {
        auto peer = co_await ft::AcceptNext<Accepted>(door.socket.handle());
        if (!peer && ft::is_shortage(peer.error())) {
            if (patience.should_say_so(loop.now())) {
                std::fprintf(stderr, "warning: new connections wait: %s\n",
                             peer.error().message().c_str());
            }
            FT_CO_TRY_VOID(co_await patience.wait());
            continue;
        }
        if (!peer) co_return std::unexpected(std::move(peer).error());
        co_return accepted_end(*door.address, *std::move(peer));
    }
}

ft::Task<Opened> open_end(const RelayAddress& address, ft::Duration connect_limit, bool speaks) {
    ft::Loop& loop = co_await ft::this_loop();
    switch (address.kind) {
        case RelayKind::standard:
            co_return open_standard(loop, true);
        case RelayKind::file:
            co_return open_file(loop, address);
        case RelayKind::exec:
            co_return run_command(loop, address);
        case RelayKind::udp_listen:
        case RelayKind::unix_datagram_listen:
            co_return co_await wait_for_datagram(loop, address, speaks);
        case RelayKind::udp:
        case RelayKind::unix_datagram:
        case RelayKind::seqpacket:
            co_return co_await connect_messages(loop, address, connect_limit);
        default:
            co_return co_await connect_stream(loop, address, connect_limit);
    }
}

Opened open_standard(ft::Loop& loop, bool is_last) {
    FT_TRY(auto in, ft::FileStream::share(loop, STDIN_FILENO));
    FT_TRY(auto out, ft::FileStream::share(loop, STDOUT_FILENO));
    auto end = std::make_unique<RelayEnd>(FileEnd(std::move(in), std::move(out), is_last));
    end->is_terminal = ::isatty(STDIN_FILENO) != 0;
    end->name = "standard input and output";
    return end;
}

std::string goal_of(const RelayAddress& address) {
    switch (address.kind) {
        case RelayKind::tcp_listen:
        case RelayKind::udp_listen:
        case RelayKind::unix_listen:
        case RelayKind::unix_datagram_listen:
        case RelayKind::seqpacket_listen:
            return "listen on " + address.at.to_string();
        case RelayKind::standard:
            return "use standard input and output";
        case RelayKind::file:
            return "open " + address.place;
        case RelayKind::exec:
            return "run \"" + address.place + "\"";
        default:
            return "connect to " + address.at.to_string();
    }
}

}  // namespace ft_tool
