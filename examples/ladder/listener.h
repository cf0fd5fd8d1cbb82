#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// What every rung but the last begins with, so that they differ only in how they serve.
namespace ladder {

[[noreturn]] inline void give_up(const char* what) {
    std::fprintf(stderr, "error: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

inline int must(int result, const char* what) {
    if (result < 0) give_up(what);
    return result;
}

/// Listens on loopback, on the port that the first argument names or the kernel chooses, and says
/// where. SIGTERM ends the program from now on.
inline int open_listener(int count, char** arguments) {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGTERM, [](int) { ::_exit(0); });
    rlimit descriptors{};
    ::getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &descriptors);

    const int listener = must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    const int on = 1;
    must(::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
    // What is accepted inherits it.
    must(::setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(static_cast<std::uint16_t>(count > 1 ? std::atoi(arguments[1]) : 0));
    socklen_t size = sizeof at;
    must(::bind(listener, reinterpret_cast<sockaddr*>(&at), size), "bind");
    must(::listen(listener, 4096), "listen");
    must(::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size), "getsockname");
    std::printf("listening 127.0.0.1:%d\n", ntohs(at.sin_port));
    std::fflush(stdout);
    return listener;
}

/// Sends all of it, waiting for as long as that takes; false where the peer is gone.
inline bool send_all(int peer, const char* bytes, std::size_t size) {
    while (size > 0) {
        const ssize_t sent = ::send(peer, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return false;
        bytes += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

}  // namespace ladder
