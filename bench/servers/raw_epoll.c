// The reference: what the kernel costs and nothing more. Level-triggered epoll, one thread, one
// receive buffer for all connections; a connection is a descriptor and costs no user memory.

#include "epoll_echo.h"

/// One receive a turn: had there been more, the level would say so again.
static inline void echo_once(int descriptor) {
    const ssize_t received = recv(descriptor, echo.buffer, kBufferBytes, 0);
    if (received > 0) {
        const enum SendOutcome outcome = send_back(descriptor, (size_t)received);
        if (outcome == kAllSent) return;
        if (outcome == kSomeLeft) {
            // Until that is taken we read nothing more, so one peer can hold one buffer and no
            // more.
            watch(EPOLL_CTL_MOD, descriptor, EPOLLOUT);
            return;
        }
    } else if (received < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    close_connection(descriptor);
}

static void resume_sending(int descriptor) {
    const enum SendOutcome outcome = send_unsent(descriptor);
    if (outcome == kAllSent) watch(EPOLL_CTL_MOD, descriptor, EPOLLIN);
    if (outcome == kPeerGone) close_connection(descriptor);
}

int main(int argc, char** argv) {
    begin_echo(open_listener(argc, argv), EPOLLIN);
    for (;;) {
        const int count = wait_for_events();
        for (int at = 0; at < count; ++at) {
            const int descriptor = echo.events[at].data.fd;
            const uint32_t events = echo.events[at].events;
            if (descriptor == echo.listener) {
                accept_one();
            } else if ((events & EPOLLOUT) != 0) {
                resume_sending(descriptor);
            } else {
                echo_once(descriptor);
            }
        }
    }
}
