#include "bench/messages/pumps.h"

#include "bench/messages/process.h"
#include "fivetuple/fivetuple.h"
#include "fivetuple/transport/pump.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

namespace ft_bench_messages {
namespace {

namespace ft = fivetuple;

struct Connection {
    int client;
    int server;
};

int open_socket(const std::string& congestion) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion.data(),
                               static_cast<socklen_t>(congestion.size())) != 0) {
        fail("TCP_CONGESTION");
    }
    return fd;
}

Connection connect_over_loopback(const std::string& congestion) {
    const int listener = open_socket(congestion);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* raw = reinterpret_cast<sockaddr*>(&at);
    if (::bind(listener, raw, size) != 0 || ::listen(listener, 1) != 0) fail("listen");
    ::getsockname(listener, raw, &size);
    const int client = open_socket(congestion);
    if (::connect(client, raw, size) != 0) fail("connect");
    const int server = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (server < 0) fail("accept");
    ::close(listener);
    return {client, server};
}

// --- By hand -------------------------------------------------------------------------------------

void copy_by_hand(int from, int to) {
    static std::array<char, 65536> room;
    while (true) {
        const ssize_t got = ::read(from, room.data(), room.size());
        if (got <= 0) return;
        for (ssize_t put = 0; put < got;) {
            const ssize_t now = ::write(to, room.data() + put, static_cast<std::size_t>(got - put));
            if (now <= 0) return;
            put += now;
        }
    }
}

void splice_by_hand(int from, int to) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) fail("pipe");
    ::fcntl(pipe[1], F_SETPIPE_SZ, 1 << 20);
    while (true) {
        ssize_t got = ::splice(from, nullptr, pipe[1], nullptr, 1 << 20, SPLICE_F_MOVE);
        if (got <= 0) return;
        while (got > 0) {
            const ssize_t put = ::splice(pipe[0], nullptr, to, nullptr,
                                         static_cast<std::size_t>(got), SPLICE_F_MOVE);
            if (put <= 0) return;
            got -= put;
        }
    }
}

// --- Ours ----------------------------------------------------------------------------------------

ft::Task<void> pump_one_way(ft::TcpStream from, ft::TcpStream to, ft::PumpOptions options) {
    auto done = co_await ft::pump(from, to, options);
    if (!done) co_return;
}

void pump_by_own(int from, int to, ft::BackendKind backend, bool may_splice) {
    auto loop = ft::Loop::open({.backend = backend}).value();
    const auto adopt = [&](int fd) {
        return ft::TcpStream(*loop, loop->sockets().adopt(ft::Fd(fd)).value());
    };
    ft::PumpOptions options;
    options.may_splice = may_splice;
    ft::run(*loop, pump_one_way(adopt(from), adopt(to), options));
}

// --- The load ------------------------------------------------------------------------------------

// What has come out at the far end, counted in memory that the processes share.
class SharedCount {
public:
    SharedCount()
        : count_(static_cast<std::atomic<std::uint64_t>*>(
              ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
        if (count_ == MAP_FAILED) fail("mmap");
    }
    SharedCount(const SharedCount&) = delete;
    SharedCount& operator=(const SharedCount&) = delete;
    ~SharedCount() { ::munmap(count_, 4096); }
    std::atomic<std::uint64_t>& operator*() const { return *count_; }

private:
    std::atomic<std::uint64_t>* count_;
};

void write_for_ever(int to) {
    const std::string block(65536, 'x');
    while (::write(to, block.data(), block.size()) > 0) {
    }
}

// The bytes are dropped where they are: only the pump is to be measured.
void drop_all(int from, std::atomic<std::uint64_t>& count) {
    while (true) {
        const ssize_t got = ::recv(from, nullptr, 1 << 20, MSG_TRUNC);
        if (got <= 0) return;
        count += static_cast<std::uint64_t>(got);
    }
}

template <class Pump>
double measure(const std::string& congestion, int milliseconds, Pump pump) {
    const SharedCount count;
    const Connection in = connect_over_loopback(congestion);
    const Connection out = connect_over_loopback(congestion);
    double cost = 0;
    {
        const Worker middle(0, [&] { pump(in.server, out.client); });
        const Worker source(1, [&] { write_for_ever(in.client); });
        const Worker sink(1, [&] { drop_all(out.server, *count); });
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        const double before = cpu_seconds(middle.id());
        const std::uint64_t count_before = *count;
        std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
        const double spent = cpu_seconds(middle.id()) - before;
        const auto bytes = static_cast<double>(*count - count_before);
        cost = bytes == 0 ? 0 : spent * 1e9 / (bytes / (1 << 20));
    }
    for (const int fd : {in.client, in.server, out.client, out.server}) ::close(fd);
    return cost;
}

}  // namespace

std::vector<Contender> pumps(const std::string& congestion, int milliseconds) {
    std::vector<Contender> all;
    const auto add = [&](const char* name, auto pump) {
        all.push_back({name, [=] { return measure(congestion, milliseconds, pump); }});
    };
    add("read and write of 64 KiB by hand", copy_by_hand);
    add("splice by hand, through a pipe of 1 MiB", splice_by_hand);
    const auto own = [&](const char* name, ft::BackendKind backend, bool may_splice) {
        add(name, [=](int from, int to) { pump_by_own(from, to, backend, may_splice); });
    };
    own("fivetuple, spliced, io_uring", ft::BackendKind::io_uring, true);
    own("fivetuple, spliced, epoll", ft::BackendKind::epoll, true);
    own("fivetuple, copied, io_uring", ft::BackendKind::io_uring, false);
    own("fivetuple, copied, epoll", ft::BackendKind::epoll, false);
    return all;
}

std::string congestion_control() {
    std::ifstream file("/proc/sys/net/ipv4/tcp_congestion_control");
    std::string name;
    return std::getline(file, name) ? name : "unknown";
}

}  // namespace ft_bench_messages
