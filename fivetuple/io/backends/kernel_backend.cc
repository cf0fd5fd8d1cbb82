#include "fivetuple/io/backends/kernel_backend.h"

#include "fivetuple/os/clock.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

namespace fivetuple {

KernelBackend::KernelBackend(const LoopOptions& options, Fd wake_event)
    : sockets_(*this), wake_event_(std::move(wake_event)), spin_(options.spin) {}

Time KernelBackend::now() const { return monotonic_now(); }

void KernelBackend::wake() {
    // A signal handler may be calling: errno is not ours to change. EAGAIN says that the counter is
    // full, so the waiter is as good as woken.
    const int before = errno;
    constexpr std::uint64_t kOne = 1;
    while (::write(wake_event_.raw(), &kOne, sizeof kOne) < 0 && errno == EINTR) {
    }
    errno = before;
}

void KernelBackend::forget_wake() {
    std::uint64_t count;
    while (::read(wake_event_.raw(), &count, sizeof count) < 0 && errno == EINTR) {
    }
}

Result<Fd> open_wake_event() {
    Fd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event) return std::unexpected(Error::system(errno, "eventfd"));
    return event;
}

}  // namespace fivetuple
