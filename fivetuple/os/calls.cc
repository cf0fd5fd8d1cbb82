#include "fivetuple/os/calls.h"

#include "fivetuple/os/broken_pipe.h"
#include "fivetuple/os/clock.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>

namespace fivetuple::calls {
namespace {

// Results travel as int, as in an io_uring completion; more than this a call never moves.
constexpr std::size_t kMost = INT_MAX & ~0xfff;

template <class Call>
int uninterrupted(Call call) {
    while (true) {
        const auto result = call();
        if (result >= 0) return static_cast<int>(result);
        if (errno != EINTR) return -errno;
    }
}

}  // namespace

int receive(int fd, MutableBytes into) {
    return uninterrupted(
        [&] { return ::recv(fd, into.data(), std::min(into.size(), kMost), MSG_DONTWAIT); });
}

int send(int fd, Bytes from) {
    return uninterrupted([&] {
        return ::send(fd, from.data(), std::min(from.size(), kMost), MSG_DONTWAIT | MSG_NOSIGNAL);
    });
}

int send_gathered(int fd, std::span<const Bytes> from) {
    msghdr message{};
    message.msg_iov = as_iovecs(from);
    message.msg_iovlen = std::min<std::size_t>(from.size(), IOV_MAX);
    return uninterrupted([&] { return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL); });
}

namespace {

// Some filters of system calls know recvmsg and sendmsg only.
std::atomic<bool> many_messages = true;

// One message, or as many as go, by whichever call there is.
template <class One, class Many>
int move_messages(std::span<mmsghdr> messages, One one, Many many) {
    const std::size_t most = std::min<std::size_t>(messages.size(), UIO_MAXIOV);
    int many_failed = 0;
    if (most > 1 && many_messages.load(std::memory_order_relaxed)) {
        many_failed = uninterrupted([&] { return many(most); });
        if (many_failed != -ENOSYS && many_failed != -EPERM) return many_failed;
    }
    for (std::size_t at = 0; at < most; ++at) {
        const int result = uninterrupted([&] { return one(&messages[at].msg_hdr); });
        // A firewall says EPERM as a filter does, but of the single message too.
        if (many_failed != 0 && result != -EPERM) many_messages.store(false);
        if (result < 0) return at > 0 ? static_cast<int>(at) : result;
        messages[at].msg_len = static_cast<unsigned>(result);
    }
    return static_cast<int>(most);
}

}  // namespace

int receive_messages(int fd, std::span<mmsghdr> into) {
    if (into.empty()) return 0;
    const int flags = receive_flags(into.front().msg_hdr) | MSG_DONTWAIT;
    return move_messages(
        into, [&](msghdr* one) { return ::recvmsg(fd, one, flags); },
        [&](std::size_t most) {
            return ::recvmmsg(fd, into.data(), static_cast<unsigned>(most), flags, nullptr);
        });
}

int send_messages(int fd, std::span<mmsghdr> from) {
    constexpr int kFlags = kSendMessageFlags | MSG_DONTWAIT;
    return move_messages(
        from, [&](msghdr* one) { return ::sendmsg(fd, one, kFlags); },
        [&](std::size_t most) {
            return ::sendmmsg(fd, from.data(), static_cast<unsigned>(most), kFlags);
        });
}

bool moves_many_messages() { return many_messages.load(std::memory_order_relaxed); }

int receive_from_error_queue(int fd, msghdr& into) {
    return uninterrupted([&] { return ::recvmsg(fd, &into, MSG_ERRQUEUE | MSG_DONTWAIT); });
}

int accept(int listener, bool non_blocking) {
    const int flags = SOCK_CLOEXEC | (non_blocking ? SOCK_NONBLOCK : 0);
    int result = 0;
    // Each try takes one connection off the queue; a rule that refuses every one is an error.
    for (int tries = 0; tries < 16; ++tries) {
        result = uninterrupted([&] { return ::accept4(listener, nullptr, nullptr, flags); });
        if (!is_lost_connection(result)) break;
    }
    return result;
}

bool is_lost_connection(int result) {
    switch (-result) {
        case ECONNABORTED:
        case EPROTO:
        case EPERM:  // A firewall's rule forbade it.
        case ENETDOWN:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case ENONET:
        case EHOSTUNREACH:
        case ENETUNREACH:
            return true;
        default:
            return false;
    }
}

int connect(int fd, const SocketAddress& to) {
    if (::connect(fd, to.raw(), to.raw_size()) == 0) return 0;
    // An interrupted connect goes on by itself; calling it again would be an error.
    return errno == EINTR ? -EINPROGRESS : -errno;
}

int go_on_connecting(int fd, const SocketAddress& to) {
    // Asked again, the kernel tells the outcome: the error that waits in the socket, or success.
    if (::connect(fd, to.raw(), to.raw_size()) == 0 || errno == EISCONN) return 0;
    if (errno != EALREADY && errno != EINTR) return -errno;
    // A vsock socket whose connection failed says so for ever; its error tells.
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
    return failure != 0 ? -failure : -EINPROGRESS;
}

int read(int fd, MutableBytes into) {
    return uninterrupted([&] { return ::read(fd, into.data(), std::min(into.size(), kMost)); });
}

int write(int fd, Bytes from) {
    return without_broken_pipe([&] {
        return uninterrupted(
            [&] { return ::write(fd, from.data(), std::min(from.size(), kMost)); });
    });
}

int wait_ready(int fd, short events, Time deadline) {
    pollfd watched{fd, events, 0};
    while (true) {
        const int timeout = poll_timeout_ms(monotonic_now(), deadline);
        const int count = ::poll(&watched, 1, timeout);
        if (count > 0) return watched.revents;
        if (count < 0 && errno != EINTR) return -errno;
        if (count == 0 && (timeout == 0 || monotonic_now() >= deadline)) return 0;
    }
}

bool is_connected_to_itself(int fd) {
    sockaddr_storage local{};
    sockaddr_storage peer{};
    socklen_t local_size = sizeof local;
    socklen_t peer_size = sizeof peer;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &local_size) != 0) return false;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return false;
    const auto a = SocketAddress::from_raw(reinterpret_cast<sockaddr*>(&local), local_size);
    const auto b = SocketAddress::from_raw(reinterpret_cast<sockaddr*>(&peer), peer_size);
    return a && b && a->is_ip() && *a == *b;
}

}  // namespace fivetuple::calls
