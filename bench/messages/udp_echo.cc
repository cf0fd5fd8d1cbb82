#include "bench/messages/udp_echo.h"

#include "bench/messages/process.h"
#include "fivetuple/fivetuple.h"
#include "fivetuple/transport/udp.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>

namespace ft_bench_messages {
namespace {

namespace ft = fivetuple;
using Clock = std::chrono::steady_clock;

constexpr int kInFlight = 64;

// The reference: one datagram in, one out.
void plain_server(int fd) {
    std::array<char, 65536> room;
    while (true) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const ssize_t got =
            ::recvfrom(fd, room.data(), room.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (got < 0) continue;
        ::sendto(fd, room.data(), static_cast<std::size_t>(got), 0,
                 reinterpret_cast<const sockaddr*>(&from), size);
    }
}

ft::Task<void> echo_batches(ft::UdpSocket socket) {
    ft::ReceiveBatch came;
    ft::SendBatch answers;
    while (true) {
        auto got = co_await socket.receive_many(came);
        if (!got) continue;
        answers.clear();
        for (const ft::Datagram& datagram : came) answers.add(datagram.bytes, datagram.from);
        auto sent = co_await socket.send_many(answers);
        if (!sent) continue;
    }
}

ft::Task<void> echo_singles(ft::UdpSocket socket) {
    std::array<std::byte, 65536> room;
    while (true) {
        auto got = co_await socket.receive(room);
        if (!got) continue;
        auto sent = co_await socket.send_to(got->bytes, got->from);
        if (!sent) continue;
    }
}

void own_server(int fd, ft::BackendKind backend, bool batches) {
    auto loop = ft::Loop::open({.backend = backend}).value();
    // The same socket, of which only the way to it differs.
    const ft::Handle handle = loop->sockets().adopt(ft::Fd(fd)).value();
    ft::UdpSocket socket(*loop, handle);
    if (batches) socket.join();
    ft::run(*loop, batches ? echo_batches(std::move(socket)) : echo_singles(std::move(socket)));
}

int bound_socket() {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int large = 4 << 20;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof large);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) fail("bind");
    return fd;
}

// 64 datagrams out by one call, joined as a network card would deliver them; then all of them back.
class Load {
public:
    Load(int server, std::size_t size) : fd_(bound_socket()), size_(size), bytes_(64 * size, 'x') {
        sockaddr_in to{};
        socklen_t length = sizeof to;
        ::getsockname(server, reinterpret_cast<sockaddr*>(&to), &length);
        if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), length) != 0) fail("connect");
        const int segment = static_cast<int>(size);
        ::setsockopt(fd_, IPPROTO_UDP, 103, &segment, sizeof segment);  // UDP_SEGMENT
        const int on = 1;
        ::setsockopt(fd_, IPPROTO_UDP, 104, &on, sizeof on);  // UDP_GRO
        const timeval limit{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    ~Load() { ::close(fd_); }

    /// Datagrams that came back.
    std::uint64_t run_for(std::chrono::milliseconds time) {
        std::uint64_t count = 0;
        const auto end = Clock::now() + time;
        while (Clock::now() < end) {
            const std::size_t most = 65000 / size_;
            for (std::size_t sent = 0; sent < kInFlight;) {
                const std::size_t now = std::min(kInFlight - sent, std::min<std::size_t>(most, 64));
                if (::send(fd_, bytes_.data(), now * size_, 0) < 0) fail("send");
                sent += now;
            }
            for (std::size_t back = 0; back < kInFlight * size_;) {
                const ssize_t got = ::recv(fd_, room_.data(), room_.size(), 0);
                if (got < 0) break;  // Lost: the next round begins anew.
                back += static_cast<std::size_t>(got);
                count += static_cast<std::size_t>(got) / size_;
            }
        }
        return count;
    }

private:
    int fd_;
    std::size_t size_;
    std::string bytes_;
    std::array<char, 65536> room_;
};

template <class Serve>
double measure(std::size_t size, int milliseconds, Serve serve) {
    const int fd = bound_socket();
    double cost = 0;
    {
        const Worker server(0, [&] { serve(fd); });
        pin(1);
        Load load(fd, size);
        load.run_for(std::chrono::milliseconds(50));
        const double before = cpu_seconds(server.id());
        const std::uint64_t count = load.run_for(std::chrono::milliseconds(milliseconds));
        cost = (cpu_seconds(server.id()) - before) * 1e9 /
               static_cast<double>(std::max<std::uint64_t>(count, 1));
    }
    ::close(fd);
    return cost;
}

}  // namespace

std::vector<Contender> udp_echo(std::size_t size, int milliseconds) {
    std::vector<Contender> all;
    all.push_back(
        {"recvfrom and sendto by hand", [=] { return measure(size, milliseconds, plain_server); }});
    const auto own = [&](const char* name, ft::BackendKind backend, bool batches) {
        all.push_back({name, [=] {
                           return measure(size, milliseconds,
                                          [=](int fd) { own_server(fd, backend, batches); });
                       }});
    };
    own("fivetuple, batches, io_uring", ft::BackendKind::io_uring, true);
    own("fivetuple, batches, epoll", ft::BackendKind::epoll, true);
    own("fivetuple, one by one, io_uring", ft::BackendKind::io_uring, false);
    own("fivetuple, one by one, epoll", ft::BackendKind::epoll, false);
    return all;
}

}  // namespace ft_bench_messages
