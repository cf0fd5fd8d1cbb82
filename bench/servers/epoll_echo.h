#ifndef FT_BENCH_EPOLL_ECHO_H
#define FT_BENCH_EPOLL_ECHO_H

// What the level-triggered and the edge-triggered reference share: accepting, closing, and the rare
// path of a peer that does not take its answer at once.

#include "listener.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    kEventsPerTurn = 512,
    kBufferBytes = 64 * 1024,
    kAcceptRetryMilliseconds = 100,
};

/// What a peer has not taken yet. Allocated only then; freed once it is sent.
struct Unsent {
    size_t begin;
    size_t end;
    char bytes[];
};

static struct EpollEcho {
    int epoll;
    int listener;
    uint32_t interest;  ///< What a connection is registered for.
    bool accept_paused;
    struct Unsent** unsent;  ///< By descriptor; null in the usual case.
    struct epoll_event events[kEventsPerTurn];
    char buffer[kBufferBytes];  ///< One for all: what is in it is sent before the next receive.
} echo;

static void watch(int operation, int descriptor, uint32_t events) {
    struct epoll_event event = {.events = events, .data = {.fd = descriptor}};
    if (epoll_ctl(echo.epoll, operation, descriptor, &event) < 0) give_up("epoll_ctl", errno);
}

static inline void begin_echo(int listener, uint32_t interest) {
    echo.listener = listener;
    echo.interest = interest;
    echo.epoll = epoll_create1(0);
    if (echo.epoll < 0) give_up("epoll_create1", errno);
    echo.unsent = calloc((size_t)descriptors_max(), sizeof *echo.unsent);
    if (echo.unsent == NULL) give_up("calloc", ENOMEM);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
}

/// Waits for events; while accepting is paused, for a limited time, after which it is tried again.
static inline int wait_for_events(void) {
    const int count = epoll_wait(echo.epoll, echo.events, kEventsPerTurn,
                                 echo.accept_paused ? kAcceptRetryMilliseconds : -1);
    if (count == 0 && echo.accept_paused) {
        echo.accept_paused = false;
        watch(EPOLL_CTL_ADD, echo.listener, EPOLLIN);
    }
    return count;
}

static inline void close_connection(int descriptor) {
    free(echo.unsent[descriptor]);
    echo.unsent[descriptor] = NULL;
    close(descriptor);  // This also takes it out of the epoll set: it was never duplicated.
    if (echo.accept_paused) {
        echo.accept_paused = false;
        watch(EPOLL_CTL_ADD, echo.listener, EPOLLIN);
    }
}

/// Out of descriptors or memory, the listener would stay readable and the loop would spin: it
/// leaves the set until a connection ends or some time has passed.
static void accept_failed(int error_number) {
    if (error_number == EMFILE || error_number == ENFILE || error_number == ENOBUFS ||
        error_number == ENOMEM) {
        echo.accept_paused = true;
        watch(EPOLL_CTL_DEL, echo.listener, 0);
    }
}

static inline bool accept_one(void) {
    const int descriptor = accept4(echo.listener, NULL, NULL, SOCK_NONBLOCK);
    if (descriptor < 0) {
        accept_failed(errno);
        return false;
    }
    watch(EPOLL_CTL_ADD, descriptor, echo.interest);
    return true;
}

/// Keeps a copy of what a partial send has left over. Without memory for it the connection ends.
static bool keep_unsent(int descriptor, const char* bytes, size_t size) {
    struct Unsent* unsent = malloc(sizeof *unsent + size);
    if (unsent == NULL) return false;
    unsent->begin = 0;
    unsent->end = size;
    memcpy(unsent->bytes, bytes, size);
    echo.unsent[descriptor] = unsent;
    return true;
}

enum SendOutcome { kAllSent, kSomeLeft, kPeerGone };

static enum SendOutcome send_unsent(int descriptor) {
    struct Unsent* unsent = echo.unsent[descriptor];
    const ssize_t sent =
        send(descriptor, unsent->bytes + unsent->begin, unsent->end - unsent->begin, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR ? kSomeLeft : kPeerGone;
    unsent->begin += (size_t)sent;
    if (unsent->begin < unsent->end) return kSomeLeft;
    free(unsent);
    echo.unsent[descriptor] = NULL;
    return kAllSent;
}

/// Sends the first `size` bytes of the shared buffer, keeping what the peer does not take.
static inline enum SendOutcome send_back(int descriptor, size_t size) {
    const ssize_t sent = send(descriptor, echo.buffer, size, MSG_NOSIGNAL);
    if (sent == (ssize_t)size) return kAllSent;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return kPeerGone;
    const size_t taken = sent > 0 ? (size_t)sent : 0;
    return keep_unsent(descriptor, echo.buffer + taken, size - taken) ? kSomeLeft : kPeerGone;
}

#endif
