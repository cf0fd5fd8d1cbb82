#pragma once

#include <signal.h>

#include <cerrno>
#include <ctime>

namespace fivetuple::calls {

/// What `call` answers, a count or -errno, without the signal that comes with -EPIPE where a pipe
/// or socket has no reader and the call cannot be told to do without it. The signal is held back in
/// this thread and taken away again, unless one was waiting before. signal(7), SIGPIPE
template <class Call>
int without_broken_pipe(Call call) {
    sigset_t pipe_signal;
    sigset_t before;
    ::sigemptyset(&pipe_signal);
    ::sigaddset(&pipe_signal, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    // One can wait only where it was held back already.
    sigset_t pending;
    ::sigemptyset(&pending);
    if (::sigismember(&before, SIGPIPE) != 0) ::sigpending(&pending);
    const int result = call();
    if (result == -EPIPE && ::sigismember(&pending, SIGPIPE) == 0) {
        constexpr timespec kAtOnce{};
        while (::sigtimedwait(&pipe_signal, nullptr, &kAtOnce) < 0 && errno == EINTR) {
        }
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return result;
}

}  // namespace fivetuple::calls
