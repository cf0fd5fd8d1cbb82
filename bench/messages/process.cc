#include "bench/messages/process.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace ft_bench_messages {

void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

void pin(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(static_cast<unsigned>(core), &cores);
    ::sched_setaffinity(0, sizeof cores, &cores);
}

double cpu_seconds(pid_t process) {
    clockid_t clock{};
    timespec now{};
    if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &now) != 0) {
        fail("clock_gettime");
    }
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Worker::Worker(int core, const std::function<void()>& work) : id_(::fork()) {
    if (id_ < 0) fail("fork");
    if (id_ > 0) return;
    pin(core);
    work();
    ::_exit(0);
}

Worker::~Worker() {
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
}

}  // namespace ft_bench_messages
