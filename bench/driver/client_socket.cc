#include "client_socket.h"

#include "failure.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include <cerrno>

namespace bench {
namespace {

constexpr int kPatienceSeconds = 10;
constexpr std::size_t kEventsPerTurn = 512;

[[noreturn]] void fail(const std::string& why) { throw Failure("the load failed", why); }

void set(const Fd& socket, int level, int option, const void* value, socklen_t size,
         const char* call) {
    if (setsockopt(socket.number(), level, option, value, size) < 0) fail(errno_text(call));
}

}  // namespace

Fd open_socket(std::uint32_t source, int flags) {
    Fd made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    if (!made.is_open()) fail(errno_text("socket"));
    const int on = 1;
    set(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on, "TCP_NODELAY");
    if (source == 0) return made;
    // The port is chosen at connect, when the kernel may reuse one that serves other peers.
    set(made, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on, "IP_BIND_ADDRESS_NO_PORT");
    sockaddr_in from = {};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(source);
    if (bind(made.number(), reinterpret_cast<const sockaddr*>(&from), sizeof from) < 0) {
        fail(errno_text("bind"));
    }
    return made;
}

Fd connect_to(const sockaddr_in& server, std::uint32_t source) {
    Fd made = open_socket(source);
    const timeval patience = {kPatienceSeconds, 0};
    set(made, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience, "SO_SNDTIMEO");
    if (connect(made.number(), reinterpret_cast<const sockaddr*>(&server), sizeof server) < 0) {
        fail(errno_text("connect"));
    }
    return made;
}

void reset_at_close(const Fd& socket) {
    const linger at_once = {1, 0};
    set(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once, "SO_LINGER");
}

void send_all(const Fd& socket, const char* bytes, std::size_t size) {
    while (size > 0) {
        const ssize_t sent = send(socket.number(), bytes, size, MSG_NOSIGNAL);
        if (sent < 0) fail(errno_text("send"));
        bytes += sent;
        size -= static_cast<std::size_t>(sent);
    }
}

std::size_t receive_some(const Fd& socket, std::span<char> buffer) {
    const ssize_t received = recv(socket.number(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (received > 0) return static_cast<std::size_t>(received);
    if (received == 0) fail("the server closed a connection that had an answer due");
    if (errno != EAGAIN && errno != EINTR) fail(errno_text("recv"));
    return 0;
}

void must_equal(std::span<const char> received, const char* expected, std::size_t still_due) {
    if (received.size() > still_due) fail("the server sent more bytes than it was sent");
    if (memcmp(received.data(), expected, received.size()) != 0) {
        fail("the server sent other bytes than it was sent");
    }
}

Readiness::Readiness() : epoll_(epoll_create1(EPOLL_CLOEXEC)), events_(kEventsPerTurn) {
    if (!epoll_.is_open()) fail(errno_text("epoll_create1"));
}

void Readiness::add(const Fd& socket, std::uint32_t index) {
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u32 = index;
    if (epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, socket.number(), &event) < 0) {
        fail(errno_text("epoll_ctl"));
    }
}

std::span<const epoll_event> Readiness::wait() {
    const int count = epoll_wait(epoll_.number(), events_.data(), static_cast<int>(events_.size()),
                                 kPatienceSeconds * 1000);
    if (count == 0) fail("the server was silent for 10 seconds with answers due");
    if (count < 0 && errno != EINTR) fail(errno_text("epoll_wait"));
    return {events_.data(), static_cast<std::size_t>(count < 0 ? 0 : count)};
}

}  // namespace bench
