#ifndef FT_BENCH_COUNT_CALLS_H
#define FT_BENCH_COUNT_CALLS_H

// What the preloaded counter and the driver share: one number per kind of call.

#include <stdint.h>

/// The environment variable that names the file in which to count.
#define FT_COUNT_CALLS_FILE "FT_COUNT_CALLS_FILE"

// clang-format off
#define FT_COUNTED_CALLS(X) \
    X(read) X(write) X(readv) X(writev) X(recv) X(send) X(recvfrom) X(sendto) X(recvmsg) \
    X(sendmsg) X(recvmmsg) X(sendmmsg) X(accept) X(accept4) X(socket) X(connect) X(bind) \
    X(listen) X(shutdown) X(close) X(epoll_create) X(epoll_create1) X(epoll_ctl) X(epoll_wait) \
    X(epoll_pwait) X(epoll_pwait2) X(poll) X(ppoll) X(select) X(pselect) X(setsockopt) \
    X(getsockopt) X(getsockname) X(getpeername) X(fcntl) X(ioctl) X(io_uring_enter) \
    X(io_uring_enter2) X(io_uring_submit) X(timerfd_settime) X(eventfd) X(clock_nanosleep) \
    X(nanosleep) X(splice) X(madvise) X(mmap) X(munmap) X(syscall)
// clang-format on

enum FtCountedCall {
#define FT_COUNTED_CALL(name) kFtCall_##name,
    FT_COUNTED_CALLS(FT_COUNTED_CALL)
#undef FT_COUNTED_CALL
        kFtCallKinds
};

struct FtCallCounts {
    uint64_t made[kFtCallKinds];
};

#endif
