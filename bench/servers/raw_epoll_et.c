// Edge-triggered epoll: registered once for both directions and never changed. A receive that does
// not fill the buffer has drained the socket, so no receive is spent on hearing EAGAIN.

#include "epoll_echo.h"

enum { kInterest = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };

/// Echoes until the socket is drained, the peer takes no more, or it is gone. `ending` says that
/// the peer has already sent its last byte, after which no edge would come: then end of file is
/// read.
static void echo_until_drained(int descriptor, bool ending) {
    for (;;) {
        const ssize_t received = recv(descriptor, echo.buffer, kBufferBytes, 0);
        if (received > 0) {
            const enum SendOutcome outcome = send_back(descriptor, (size_t)received);
            if (outcome == kSomeLeft) return;
            if (outcome == kPeerGone) break;
            if (received < kBufferBytes && !ending) return;
        } else if (received == 0 || errno != EINTR) {
            if (received < 0 && errno == EAGAIN) return;
            break;
        }
    }
    close_connection(descriptor);
}

static void serve(int descriptor, uint32_t events) {
    bool ending = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    if (echo.unsent[descriptor] != NULL) {
        const enum SendOutcome outcome = send_unsent(descriptor);
        if (outcome == kSomeLeft) return;
        if (outcome == kPeerGone) {
            close_connection(descriptor);
            return;
        }
        // Edges that came while we were not reading are lost: look, whatever this one says.
        ending = true;
    } else if ((events & EPOLLIN) == 0 && !ending) {
        return;  // Writable is what every new connection is; it says nothing.
    }
    echo_until_drained(descriptor, ending);
}

int main(int argc, char** argv) {
    begin_echo(open_listener(argc, argv), kInterest);
    for (;;) {
        const int count = wait_for_events();
        for (int at = 0; at < count; ++at) {
            const int descriptor = echo.events[at].data.fd;
            if (descriptor == echo.listener) {
                accept_one();
            } else {
                serve(descriptor, echo.events[at].events);
            }
        }
    }
}
