// Preloaded (LD_PRELOAD) into a server, counts its system calls by kind in a file that the driver
// reads while the server runs. It sees what goes through the C library and through the exported
// functions of liburing, and nothing else. It slows a server down: never measure time with it.

#include "count_calls.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static struct FtCallCounts uncounted;
static struct FtCallCounts* counts = &uncounted;

__attribute__((constructor)) static void open_counts(void) {
    const char* path = getenv(FT_COUNT_CALLS_FILE);
    if (path == NULL) return;
    const int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void* memory = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory != MAP_FAILED) counts = memory;
}

static void count(enum FtCountedCall call) {
    __atomic_fetch_add(&counts->made[call], 1, __ATOMIC_RELAXED);
}

// Defines `name` as a function that counts itself as `kind` and then calls the real one.
#define COUNT_AS(kind, result, name, parameters, arguments)                     \
    result name parameters {                                                    \
        static result(*real) parameters;                                        \
        count(kFtCall_##kind);                                                  \
        if (real == NULL) real = (result(*) parameters)dlsym(RTLD_NEXT, #name); \
        return real arguments;                                                  \
    }
#define COUNT(result, name, parameters, arguments) \
    COUNT_AS(name, result, name, parameters, arguments)

// As above for a function with one optional argument, which is passed on as a word.
#define COUNT_VARIADIC(name, kind, request_type)                                           \
    int name(int descriptor, request_type request, ...) {                                  \
        static int (*real)(int, request_type, ...);                                        \
        va_list rest;                                                                      \
        va_start(rest, request);                                                           \
        void* argument = va_arg(rest, void*);                                              \
        va_end(rest);                                                                      \
        count(kFtCall_##kind);                                                             \
        if (real == NULL) real = (int (*)(int, request_type, ...))dlsym(RTLD_NEXT, #name); \
        return real(descriptor, request, argument);                                        \
    }

#define IO_PARAMETERS (int descriptor, const struct iovec* parts, int part_count)
#define IO_ARGUMENTS (descriptor, parts, part_count)

COUNT(ssize_t, read, (int descriptor, void* to, size_t size), (descriptor, to, size))
COUNT(ssize_t, write, (int descriptor, const void* from, size_t size), (descriptor, from, size))
COUNT(ssize_t, readv, IO_PARAMETERS, IO_ARGUMENTS)
COUNT(ssize_t, writev, IO_PARAMETERS, IO_ARGUMENTS)
COUNT(ssize_t, recv, (int descriptor, void* to, size_t size, int flags),
      (descriptor, to, size, flags))
COUNT(ssize_t, send, (int descriptor, const void* from, size_t size, int flags),
      (descriptor, from, size, flags))
COUNT(ssize_t, recvfrom,
      (int descriptor, void* to, size_t size, int flags, struct sockaddr* address,
       socklen_t* address_size),
      (descriptor, to, size, flags, address, address_size))
COUNT(ssize_t, sendto,
      (int descriptor, const void* from, size_t size, int flags, const struct sockaddr* address,
       socklen_t address_size),
      (descriptor, from, size, flags, address, address_size))
COUNT(ssize_t, recvmsg, (int descriptor, struct msghdr* message, int flags),
      (descriptor, message, flags))
COUNT(ssize_t, sendmsg, (int descriptor, const struct msghdr* message, int flags),
      (descriptor, message, flags))
COUNT(int, recvmmsg,
      (int descriptor, struct mmsghdr* messages, unsigned int message_count, int flags,
       struct timespec* timeout),
      (descriptor, messages, message_count, flags, timeout))
COUNT(int, sendmmsg,
      (int descriptor, struct mmsghdr* messages, unsigned int message_count, int flags),
      (descriptor, messages, message_count, flags))
COUNT(ssize_t, splice,
      (int from, off64_t* from_offset, int to, off64_t* to_offset, size_t size, unsigned flags),
      (from, from_offset, to, to_offset, size, flags))

COUNT(int, accept, (int descriptor, struct sockaddr* address, socklen_t* size),
      (descriptor, address, size))
COUNT(int, accept4, (int descriptor, struct sockaddr* address, socklen_t* size, int flags),
      (descriptor, address, size, flags))
COUNT(int, socket, (int family, int type, int protocol), (family, type, protocol))
COUNT(int, connect, (int descriptor, const struct sockaddr* address, socklen_t size),
      (descriptor, address, size))
COUNT(int, bind, (int descriptor, const struct sockaddr* address, socklen_t size),
      (descriptor, address, size))
COUNT(int, listen, (int descriptor, int backlog), (descriptor, backlog))
COUNT(int, shutdown, (int descriptor, int how), (descriptor, how))
COUNT(int, close, (int descriptor), (descriptor))
COUNT(int, setsockopt, (int descriptor, int level, int option, const void* value, socklen_t size),
      (descriptor, level, option, value, size))
COUNT(int, getsockopt, (int descriptor, int level, int option, void* value, socklen_t* size),
      (descriptor, level, option, value, size))
COUNT(int, getsockname, (int descriptor, struct sockaddr* address, socklen_t* size),
      (descriptor, address, size))
COUNT(int, getpeername, (int descriptor, struct sockaddr* address, socklen_t* size),
      (descriptor, address, size))

COUNT(int, epoll_create, (int size), (size))
COUNT(int, epoll_create1, (int flags), (flags))
COUNT(int, epoll_ctl, (int set, int operation, int descriptor, struct epoll_event* event),
      (set, operation, descriptor, event))
COUNT(int, epoll_wait, (int set, struct epoll_event* events, int events_max, int timeout),
      (set, events, events_max, timeout))
COUNT(int, epoll_pwait,
      (int set, struct epoll_event* events, int events_max, int timeout, const sigset_t* mask),
      (set, events, events_max, timeout, mask))
COUNT(int, epoll_pwait2,
      (int set, struct epoll_event* events, int events_max, const struct timespec* timeout,
       const sigset_t* mask),
      (set, events, events_max, timeout, mask))
COUNT(int, poll, (struct pollfd * polled, nfds_t polled_count, int timeout),
      (polled, polled_count, timeout))
COUNT(int, ppoll,
      (struct pollfd * polled, nfds_t polled_count, const struct timespec* timeout,
       const sigset_t* mask),
      (polled, polled_count, timeout, mask))
COUNT(int, select,
      (int end, fd_set* readable, fd_set* writable, fd_set* exceptional, struct timeval* timeout),
      (end, readable, writable, exceptional, timeout))
COUNT(int, pselect,
      (int end, fd_set* readable, fd_set* writable, fd_set* exceptional,
       const struct timespec* timeout, const sigset_t* mask),
      (end, readable, writable, exceptional, timeout, mask))
COUNT(int, timerfd_settime,
      (int timer, int flags, const struct itimerspec* value, struct itimerspec* old),
      (timer, flags, value, old))
COUNT(int, eventfd, (unsigned int initial, int flags), (initial, flags))
COUNT(int, nanosleep, (const struct timespec* pause, struct timespec* rest), (pause, rest))
COUNT(int, clock_nanosleep,
      (clockid_t clock, int flags, const struct timespec* pause, struct timespec* rest),
      (clock, flags, pause, rest))
COUNT(int, madvise, (void* at, size_t size, int advice), (at, size, advice))
COUNT(void*, mmap, (void* at, size_t size, int protection, int flags, int descriptor, off_t offset),
      (at, size, protection, flags, descriptor, offset))
COUNT(int, munmap, (void* at, size_t size), (at, size))

COUNT_VARIADIC(fcntl, fcntl, int)
COUNT_VARIADIC(fcntl64, fcntl, int)
COUNT_VARIADIC(ioctl, ioctl, unsigned long)

// What programs call instead when they are compiled with _FORTIFY_SOURCE.
ssize_t __read_chk(int descriptor, void* to, size_t size, size_t room);
ssize_t __recv_chk(int descriptor, void* to, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int descriptor, void* to, size_t size, size_t room, int flags,
                       struct sockaddr* address, socklen_t* address_size);
int __poll_chk(struct pollfd* polled, nfds_t polled_count, int timeout, size_t room);
COUNT_AS(read, ssize_t, __read_chk, (int descriptor, void* to, size_t size, size_t room),
         (descriptor, to, size, room))
COUNT_AS(recv, ssize_t, __recv_chk, (int descriptor, void* to, size_t size, size_t room, int flags),
         (descriptor, to, size, room, flags))
COUNT_AS(recvfrom, ssize_t, __recvfrom_chk,
         (int descriptor, void* to, size_t size, size_t room, int flags, struct sockaddr* address,
          socklen_t* address_size),
         (descriptor, to, size, room, flags, address, address_size))
COUNT_AS(poll, int, __poll_chk,
         (struct pollfd * polled, nfds_t polled_count, int timeout, size_t room),
         (polled, polled_count, timeout, room))

// liburing does its system calls without the C library; these are its functions that make one. The
// submitting ones make at most one, and are counted as one.
struct io_uring;
struct io_uring_cqe;
struct __kernel_timespec;
#define ENTER_PARAMETERS                                                                  \
    (unsigned int ring, unsigned int to_submit, unsigned int to_wait, unsigned int flags, \
     sigset_t* mask)
int io_uring_enter ENTER_PARAMETERS;
int io_uring_enter2(unsigned int ring, unsigned int to_submit, unsigned int to_wait,
                    unsigned int flags, sigset_t* mask, size_t size);
int io_uring_submit(struct io_uring* ring);
int io_uring_submit_and_wait(struct io_uring* ring, unsigned to_wait);
int io_uring_submit_and_get_events(struct io_uring* ring);
int io_uring_submit_and_wait_timeout(struct io_uring* ring, struct io_uring_cqe** completion,
                                     unsigned to_wait, struct __kernel_timespec* timeout,
                                     sigset_t* mask);
COUNT(int, io_uring_enter, ENTER_PARAMETERS, (ring, to_submit, to_wait, flags, mask))
COUNT(int, io_uring_enter2,
      (unsigned int ring, unsigned int to_submit, unsigned int to_wait, unsigned int flags,
       sigset_t* mask, size_t size),
      (ring, to_submit, to_wait, flags, mask, size))
COUNT(int, io_uring_submit, (struct io_uring * ring), (ring))
COUNT_AS(io_uring_submit, int, io_uring_submit_and_wait, (struct io_uring * ring, unsigned to_wait),
         (ring, to_wait))
COUNT_AS(io_uring_submit, int, io_uring_submit_and_get_events, (struct io_uring * ring), (ring))
COUNT_AS(io_uring_submit, int, io_uring_submit_and_wait_timeout,
         (struct io_uring * ring, struct io_uring_cqe** completion, unsigned to_wait,
          struct __kernel_timespec* timeout, sigset_t* mask),
         (ring, completion, to_wait, timeout, mask))

static enum FtCountedCall kind_of(long number) {
    switch (number) {
        case SYS_close:
            return kFtCall_close;
        case SYS_accept4:
            return kFtCall_accept4;
        case SYS_epoll_pwait2:
            return kFtCall_epoll_pwait2;
        case SYS_io_uring_enter:
            return kFtCall_io_uring_enter;
        default:
            return kFtCall_syscall;
    }
}

long syscall(long number, ...) {
    static long (*real)(long, ...);
    va_list rest;
    va_start(rest, number);
    long words[6];
    for (int at = 0; at < 6; ++at) words[at] = va_arg(rest, long);
    va_end(rest);
    count(kind_of(number));
    if (real == NULL) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return real(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
