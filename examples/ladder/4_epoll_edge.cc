// One loop around epoll(7), edge-triggered: the kernel keeps the list, and tells only of what has
// changed. What it has told once it does not tell again: every socket is read until it is drained.
#include <sys/epoll.h>

#include "listener.h"
#include "pending.h"
#include <array>

namespace {

char buffer[64 * 1024];

class Loop {
public:
    explicit Loop(int listener)
        : listener_(listener),
          epoll_(ladder::must(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
        // The listener is level-triggered: what is left in its queue is told of again.
        watch(listener, EPOLLIN);
    }

    void turn() {
        std::array<epoll_event, 256> events;
        const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
        for (int at = 0; at < count; ++at) {
            const int fd = events[static_cast<std::size_t>(at)].data.fd;
            if (fd == listener_) {
                accept_one();
            } else if (!serve(fd)) {
                pending_.forget(fd);
                ::close(fd);  // That takes it out of the set as well.
            }
        }
    }

private:
    void watch(int fd, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        ladder::must(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }

    void accept_one() {
        const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        // Both directions, once and for all.
        if (peer >= 0) watch(peer, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
        if (peer < 0 && (errno == EMFILE || errno == ENFILE))
            ::usleep(1'000);  // Not at full speed.
    }

    // False where the connection has ended.
    bool serve(int fd) {
        if (pending_.has(fd)) {
            const ladder::Sent sent = pending_.send_rest(fd);
            if (sent != ladder::Sent::all) return sent == ladder::Sent::some;
        }
        while (true) {
            const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return errno == EAGAIN;
            if (got == 0) return false;
            const ladder::Sent sent = pending_.send(fd, buffer, static_cast<std::size_t>(got));
            // Nothing more is read from a peer that does not take its answer; that it does is an
            // edge, too.
            if (sent != ladder::Sent::all) return sent == ladder::Sent::some;
        }
    }

    int listener_;
    int epoll_;
    ladder::Pending pending_;
};

}  // namespace

int main(int count, char** arguments) {
    Loop loop(ladder::open_listener(count, arguments));
    while (true) loop.turn();
}
