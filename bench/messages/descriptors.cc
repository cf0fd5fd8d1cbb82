#include "bench/messages/descriptors.h"

#include "fivetuple/fivetuple.h"
#include "fivetuple/transport/unix_messages.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <ctime>

namespace ft_bench_messages {
namespace {

namespace ft = fivetuple;
using Clock = std::chrono::steady_clock;

constexpr int kAtOnce = 1000;  // Messages between two looks at the clock.

double cpu_nanoseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

union Control {
    cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

void pass_by_hand(int from, int into, int what) {
    char byte = 'x';
    iovec piece{&byte, 1};
    Control control{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &what, sizeof what);
    ::sendmsg(from, &message, MSG_NOSIGNAL);
    message.msg_controllen = sizeof control.bytes;
    ::recvmsg(into, &message, MSG_CMSG_CLOEXEC);
    header = CMSG_FIRSTHDR(&message);
    int got = -1;
    if (header != nullptr) std::memcpy(&got, CMSG_DATA(header), sizeof got);
    if (got >= 0) ::close(got);
}

double by_hand(int milliseconds) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return 0;
    const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
    const double before = cpu_nanoseconds();
    double count = 0;
    for (; Clock::now() < end; count += kAtOnce) {
        for (int each = 0; each < kAtOnce; ++each) pass_by_hand(pair[0], pair[1], pair[0]);
    }
    const double cost = (cpu_nanoseconds() - before) / count;
    ::close(pair[0]);
    ::close(pair[1]);
    return cost;
}

ft::Task<double> pass_by_own(int milliseconds) {
    ft::Loop& loop = co_await ft::this_loop();
    auto pair = ft::UnixSeqpacket::pair(loop).value();
    const std::array<int, 1> what{0};
    std::array<std::byte, 16> room;
    const auto end = Clock::now() + std::chrono::milliseconds(milliseconds);
    const double before = cpu_nanoseconds();
    double count = 0;
    for (; Clock::now() < end; count += kAtOnce) {
        for (int each = 0; each < kAtOnce; ++each) {
            auto sent = co_await pair.first.send(ft::bytes_of("x"), what);
            auto got = co_await pair.second.receive(room);
            if (!sent || !got || got->files.size() != 1) co_return 0;
        }
    }
    co_return (cpu_nanoseconds() - before) / count;
}

double by_own(int milliseconds, ft::BackendKind backend) {
    auto loop = ft::Loop::open({.backend = backend}).value();
    return ft::run(*loop, pass_by_own(milliseconds));
}

}  // namespace

std::vector<Contender> descriptors(int milliseconds) {
    return {
        {"sendmsg and recvmsg by hand", [=] { return by_hand(milliseconds); }},
        {"fivetuple, epoll", [=] { return by_own(milliseconds, ft::BackendKind::epoll); }},
        {"fivetuple, io_uring", [=] { return by_own(milliseconds, ft::BackendKind::io_uring); }}};
}

}  // namespace ft_bench_messages
