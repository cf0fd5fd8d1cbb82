#include "bench/messages/zero_copy.h"

#include "bench/messages/process.h"
#include "fivetuple/fivetuple.h"
#include "fivetuple/os/zero_copy.h"
#include "fivetuple/transport/loan_pool.h"

#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>

namespace ft_bench_messages {
namespace {

namespace ft = fivetuple;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kAtOnce = 64;  // Sends between two looks at the clock.

double per_mebibyte(double seconds, double bytes) {
    return bytes == 0 ? 0 : seconds * 1e9 / (bytes / (1 << 20));
}

// CPU for each MiB of what `send` says to have sent, called again and again.
template <class Send>
double cost_of(int milliseconds, Send send) {
    const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
    const double before = cpu_seconds(::getpid());
    double bytes = 0;
    while (Clock::now() < end) {
        for (std::size_t times = 0; times < kAtOnce; ++times) bytes += send();
    }
    return per_mebibyte(cpu_seconds(::getpid()) - before, bytes);
}

// Sends plainly, or without copying and taking the kernel's notes.
class Sender {
public:
    Sender(int fd, std::size_t size, bool zero_copy)
        : fd_(fd), bytes_(size, 'x'), zero_copy_(zero_copy) {
        if (zero_copy) ft::calls::allow_zero_copy(fd);
    }

    double operator()() {
        const int flags = zero_copy_ ? MSG_ZEROCOPY | MSG_NOSIGNAL : MSG_NOSIGNAL;
        const ssize_t sent = ::send(fd_, bytes_.data(), bytes_.size(), flags);
        if (zero_copy_ && (sent < 0 || ++since_ == 16)) {
            since_ = 0;
            while (ft::calls::next_zero_copy_note(fd_)) {
            }
        }
        return sent < 0 ? 0 : static_cast<double>(sent);
    }

private:
    int fd_;
    std::string bytes_;
    bool zero_copy_;
    int since_ = 0;
};

// --- Over loopback -------------------------------------------------------------------------------

// A connection to a process that drops what comes.
template <class Measure>
double to_a_sink(Measure measure) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    auto* raw = reinterpret_cast<sockaddr*>(&at);
    if (::bind(listener, raw, length) != 0 || ::listen(listener, 1) != 0) fail("listen");
    ::getsockname(listener, raw, &length);
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(client, raw, length) != 0) fail("connect");
    const int server = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    double cost = 0;
    {
        const Worker sink(1, [&] {
            while (::recv(server, nullptr, 1 << 20, MSG_TRUNC) > 0) {
            }
        });
        pin(0);
        cost = measure(client);
    }
    ::close(listener);
    ::close(server);
    return cost;
}

ft::Task<double> send_loans(int fd, std::size_t size, int milliseconds) {
    ft::Loop& loop = co_await ft::this_loop();
    ft::TcpStream stream(loop, loop.sockets().adopt(ft::Fd(fd)).value());
    ft::LoanPool pool({.size = size, .zero_copy_from = 1});
    const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
    const double before = cpu_seconds(::getpid());
    double bytes = 0;
    while (Clock::now() < end) {
        for (std::size_t times = 0; times < kAtOnce; ++times) {
            auto loan = co_await pool.take();
            if (!loan) co_return 0;
            loan->filled(size);
            auto sent = co_await stream.write_loan(*std::move(loan));
            if (!sent) co_return 0;
            bytes += static_cast<double>(*sent);
        }
    }
    co_return per_mebibyte(cpu_seconds(::getpid()) - before, bytes);
}

double by_own(int fd, std::size_t size, int milliseconds, ft::BackendKind backend) {
    auto loop = ft::Loop::open({.backend = backend}).value();
    return ft::run(*loop, send_loans(fd, size, milliseconds));
}

// --- To nowhere ----------------------------------------------------------------------------------

// What `measure` gives in a child with a network of its own, where everything sent is dropped by
// the queue in front of the device; 0 where there is no such thing.
template <class Measure>
double in_a_network_without_end(Measure measure) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) fail("pipe");
    const pid_t child = ::fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        double cost = 0;
        if (::unshare(CLONE_NEWNET) == 0 &&
            std::system("ip link set lo up && tc qdisc add dev lo root blackhole") == 0) {
            pin(0);
            const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
            sockaddr_in to{};
            to.sin_family = AF_INET;
            to.sin_port = htons(9);
            to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect");
            cost = measure(fd);
        }
        ::_exit(::write(ends[1], &cost, sizeof cost) == sizeof cost ? 0 : 1);
    }
    double cost = 0;
    if (::read(ends[0], &cost, sizeof cost) != sizeof cost) cost = 0;
    ::waitpid(child, nullptr, 0);
    ::close(ends[0]);
    ::close(ends[1]);
    return cost;
}

}  // namespace

std::vector<Contender> tcp_sends(std::size_t size, int milliseconds) {
    const auto by_hand = [=](bool zero_copy) {
        return to_a_sink([=](int fd) {
            const double cost = cost_of(milliseconds, Sender(fd, size, zero_copy));
            ::close(fd);
            return cost;
        });
    };
    const auto own = [=](ft::BackendKind backend) {
        return to_a_sink([=](int fd) { return by_own(fd, size, milliseconds, backend); });
    };
    return {{"send by hand", [=] { return by_hand(false); }},
            {"send with MSG_ZEROCOPY by hand", [=] { return by_hand(true); }},
            {"fivetuple, loans, io_uring", [=] { return own(ft::BackendKind::io_uring); }},
            {"fivetuple, loans, epoll", [=] { return own(ft::BackendKind::epoll); }}};
}

std::vector<Contender> dropped_sends(std::size_t size, int milliseconds) {
    const auto sends = [=](bool zero_copy) {
        return in_a_network_without_end(
            [=](int fd) { return cost_of(milliseconds, Sender(fd, size, zero_copy)); });
    };
    return {{"send by hand", [=] { return sends(false); }},
            {"send with MSG_ZEROCOPY by hand", [=] { return sends(true); }}};
}

}  // namespace ft_bench_messages
