#include "fivetuple/os/socket.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/wait.h"

#include <fcntl.h>

#include <cerrno>

namespace fivetuple {
namespace {

Result<void> checked(int result, const char* call) {
    if (result < 0) return std::unexpected(Error::system(errno, call));
    return {};
}

template <class Ask>
Result<SocketAddress> name_of(Ask ask, int fd, const char* call) {
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    if (ask(fd, reinterpret_cast<sockaddr*>(&raw), &size) != 0) {
        return std::unexpected(Error::system(errno, call));
    }
    return SocketAddress::from_raw(reinterpret_cast<sockaddr*>(&raw), size);
}

}  // namespace

int raw_family(Family family) {
    switch (family) {
        case Family::ipv4:
            return AF_INET;
        case Family::ipv6:
            return AF_INET6;
        case Family::unix_domain:
            return AF_UNIX;
        case Family::vsock:
            return AF_VSOCK;
        case Family::none:
            break;
    }
    return AF_UNSPEC;
}

int raw_type(SocketType type) {
    switch (type) {
        case SocketType::stream:
            return SOCK_STREAM;
        case SocketType::datagram:
            return SOCK_DGRAM;
        case SocketType::seqpacket:
            break;
    }
    return SOCK_SEQPACKET;
}

Socket::Socket(Fd fd) : fd_(std::move(fd)) {
    const int flags = ::fcntl(fd_.raw(), F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK) == 0) ::fcntl(fd_.raw(), F_SETFL, flags | O_NONBLOCK);
}

Result<Socket> Socket::open(Family family, SocketType type, int protocol) {
    const int kind = raw_type(type) | SOCK_CLOEXEC | SOCK_NONBLOCK;
    Socket opened;
    opened.fd_ = Fd(::socket(raw_family(family), kind, protocol));
    if (!opened.fd_) return std::unexpected(Error::system(errno, "socket"));
    return opened;
}

Result<Socket> Socket::listen_on(const SocketAddress& at, int backlog) {
    FT_TRY(Socket listener, open(at.family(), SocketType::stream));
    if (at.is_ip()) FT_TRY_VOID(set(listener, ReuseAddress{}));
    if (at.family() == Family::ipv6) FT_TRY_VOID(set(listener, V6Only{{false}}));
    FT_TRY_VOID(listener.bind(at));
    FT_TRY_VOID(listener.listen(backlog));
    return listener;
}

Result<Socket> Socket::connect_to(const SocketAddress& to, Time deadline) {
    FT_TRY(Socket client, open(to.family(), SocketType::stream));
    if (to.is_ip()) FT_TRY_VOID(set(client, NoDelay{}));
    FT_TRY_VOID(client.connect(to, deadline));
    return client;
}

Result<void> Socket::bind(const SocketAddress& at) {
    if (::bind(fd_.raw(), at.raw(), at.raw_size()) == 0) return {};
    return std::unexpected(Error::system(errno, "bind").about(at.to_string()));
}

Result<void> Socket::listen(int backlog) { return checked(::listen(fd_.raw(), backlog), "listen"); }

Result<void> Socket::connect(const SocketAddress& to, Time deadline) {
    int result = calls::connect(fd_.raw(), to);
    while (result == -EINPROGRESS) {
        auto ready = wait_until(fd_.raw(), Ready::write, deadline, "connect");
        if (!ready) return std::unexpected(std::move(ready).error().about(to.to_string()));
        result = calls::go_on_connecting(fd_.raw(), to);
    }
    if (result == 0 && calls::is_connected_to_itself(fd_.raw())) result = -ECONNREFUSED;
    if (result == 0) return {};
    return std::unexpected(Error::system(-result, "connect").about(to.to_string()));
}

Result<Socket> Socket::accept(Time deadline) {
    FT_TRY(const std::size_t raw, wait_and_try(fd_.raw(), Ready::read, deadline, "accept",
                                               [&] { return calls::accept(fd_.raw(), true); }));
    Socket accepted;
    accepted.fd_ = Fd(static_cast<int>(raw));
    return accepted;
}

Result<std::size_t> Socket::read_some(MutableBytes into, Time deadline) {
    if (into.empty()) return 0;
    return wait_and_try(fd_.raw(), Ready::read, deadline, "recv",
                        [&] { return calls::receive(fd_.raw(), into); });
}

Transfer Socket::read_exact(MutableBytes into, Time deadline) {
    std::size_t moved = 0;
    while (moved < into.size()) {
        auto got = read_some(into.subspan(moved), deadline);
        if (!got) return {moved, std::move(got).error()};
        if (*got == 0) return {moved, Error::ended("recv")};
        moved += *got;
        // A peer that never pauses would keep us beyond it.
        if (moved < into.size() && is_past(deadline)) return {moved, Error::deadline("recv")};
    }
    return Transfer(moved);
}

Result<std::size_t> Socket::write_some(Bytes from, Time deadline) {
    if (from.empty()) return 0;
    return wait_and_try(fd_.raw(), Ready::write, deadline, "send",
                        [&] { return calls::send(fd_.raw(), from); });
}

Transfer Socket::write_all(Bytes from, Time deadline) {
    std::size_t moved = 0;
    while (moved < from.size()) {
        auto sent = write_some(from.subspan(moved), deadline);
        if (!sent) return {moved, std::move(sent).error()};
        moved += *sent;
        if (moved < from.size() && is_past(deadline)) return {moved, Error::deadline("send")};
    }
    return Transfer(moved);
}

Result<void> Socket::shutdown(Shutdown how) {
    constexpr int kHow[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
    return checked(::shutdown(fd_.raw(), kHow[static_cast<int>(how)]), "shutdown");
}

Result<SocketAddress> Socket::local_address() const {
    return name_of(::getsockname, fd_.raw(), "getsockname");
}

Result<SocketAddress> Socket::peer_address() const {
    return name_of(::getpeername, fd_.raw(), "getpeername");
}

Result<FiveTuple> Socket::five_tuple() const {
    FT_TRY(const Type type, get<Type>(*this));
    FT_TRY(SocketAddress local, local_address());
    FT_TRY(SocketAddress peer, peer_address());
    const bool is_udp = local.is_ip() && type.value != SOCK_STREAM;
    return FiveTuple{is_udp ? Protocol::udp : stream_protocol(local), local, peer};
}

Result<void> Socket::set_option(int level, int number, Bytes value) {
    return checked(
        ::setsockopt(fd_.raw(), level, number, value.data(), static_cast<socklen_t>(value.size())),
        "setsockopt");
}

Result<std::size_t> Socket::get_option(int level, int number, MutableBytes room) const {
    auto size = static_cast<socklen_t>(room.size());
    FT_TRY_VOID(checked(::getsockopt(fd_.raw(), level, number, room.data(), &size), "getsockopt"));
    return size;
}

Result<std::pair<Fd, Fd>> socket_pair(SocketType type) {
    int raw[2];
    if (::socketpair(AF_UNIX, raw_type(type) | SOCK_CLOEXEC, 0, raw) != 0) {
        return std::unexpected(Error::system(errno, "socketpair"));
    }
    return std::pair(Fd(raw[0]), Fd(raw[1]));
}

}  // namespace fivetuple
