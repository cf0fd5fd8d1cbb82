#include "fivetuple/io/backends/linux_sockets.h"

#include "fivetuple/io/backends/kernel_backend.h"

#include <fcntl.h>

#include <cerrno>

namespace fivetuple {
namespace {

Result<void> checked(int result, const char* call) {
    if (result < 0) return std::unexpected(Error::system(errno, call));
    return {};
}

template <class Ask>
Result<SocketAddress> name_by(Ask ask, int fd, const char* call) {
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    if (ask(fd, reinterpret_cast<sockaddr*>(&raw), &size) != 0) {
        return std::unexpected(Error::system(errno, call));
    }
    return SocketAddress::from_raw(reinterpret_cast<sockaddr*>(&raw), size);
}

// The descriptor behind a handle, which may be stale.
Result<int> descriptor(KernelBackend& backend, Handle socket, const char* call) {
    if (backend.is_open(socket)) return socket.number;
    return std::unexpected(Error::system(EBADF, call));
}

}  // namespace

Result<Handle> LinuxSockets::open(Family family, SocketType type, int protocol) {
    const int flags = SOCK_CLOEXEC | (backend_.wants_non_blocking() ? SOCK_NONBLOCK : 0);
    Fd opened(::socket(raw_family(family), raw_type(type) | flags, protocol));
    if (!opened) return std::unexpected(Error::system(errno, "socket"));
    return backend_.adopt(std::move(opened));
}

Result<Handle> LinuxSockets::adopt(Fd fd) {
    const int flags = ::fcntl(fd.raw(), F_GETFL);
    if (flags < 0) return std::unexpected(Error::system(errno, "fcntl"));
    return backend_.adopt(std::move(fd));
}

Result<void> LinuxSockets::bind(Handle socket, const SocketAddress& at) {
    FT_TRY(const int fd, descriptor(backend_, socket, "bind"));
    if (::bind(fd, at.raw(), at.raw_size()) == 0) return {};
    return std::unexpected(Error::system(errno, "bind").about(at.to_string()));
}

Result<void> LinuxSockets::listen(Handle socket, int backlog) {
    FT_TRY(const int fd, descriptor(backend_, socket, "listen"));
    return checked(::listen(fd, backlog), "listen");
}

Result<void> LinuxSockets::shutdown(Handle socket, Shutdown how) {
    constexpr int kHow[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
    FT_TRY(const int fd, descriptor(backend_, socket, "shutdown"));
    return checked(::shutdown(fd, kHow[static_cast<int>(how)]), "shutdown");
}

Result<SocketAddress> LinuxSockets::local_address(Handle socket) {
    FT_TRY(const int fd, descriptor(backend_, socket, "getsockname"));
    return name_by(::getsockname, fd, "getsockname");
}

Result<SocketAddress> LinuxSockets::peer_address(Handle socket) {
    FT_TRY(const int fd, descriptor(backend_, socket, "getpeername"));
    return name_by(::getpeername, fd, "getpeername");
}

Result<void> LinuxSockets::set_option(Handle socket, int level, int number, Bytes value) {
    FT_TRY(const int fd, descriptor(backend_, socket, "setsockopt"));
    const auto size = static_cast<socklen_t>(value.size());
    return checked(::setsockopt(fd, level, number, value.data(), size), "setsockopt");
}

Result<std::size_t> LinuxSockets::get_option(Handle socket, int level, int number,
                                             MutableBytes room) {
    FT_TRY(const int fd, descriptor(backend_, socket, "getsockopt"));
    auto size = static_cast<socklen_t>(room.size());
    FT_TRY_VOID(checked(::getsockopt(fd, level, number, room.data(), &size), "getsockopt"));
    return size;
}

Result<std::optional<DatagramFailure>> LinuxSockets::take_failure(Handle socket) {
    FT_TRY(const int fd, descriptor(backend_, socket, "recvmsg"));
    return next_failure(fd);
}

}  // namespace fivetuple
