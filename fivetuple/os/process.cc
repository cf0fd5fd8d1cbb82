#include "fivetuple/os/process.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>

namespace fivetuple {
namespace {

std::atomic<std::uint64_t> forks = 1;

}  // namespace

std::uint64_t process_mark() {
    static const int watching = ::pthread_atfork(nullptr, nullptr, [] { forks++; });
    static_cast<void>(watching);
    return forks.load(std::memory_order_relaxed);
}

std::uint64_t thread_mark() {
    static std::atomic<std::uint64_t> threads = 0;
    thread_local const std::uint64_t mine = ++threads;
    return mine;
}

std::uint32_t effective_user() { return ::geteuid(); }

void give_way() { ::sched_yield(); }

void keep_standard_descriptors() {
    for (int fd = 0; fd <= 2; ++fd) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        // open() takes the lowest free number, which is this one: the lower ones are open by now.
        if (::open("/dev/null", O_RDWR) < 0) return;
    }
}

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return before;
    return limit.rlim_cur;
}

}  // namespace fivetuple
