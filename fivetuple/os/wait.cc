#include "fivetuple/os/wait.h"

#include "fivetuple/os/clock.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

namespace fivetuple {
namespace {

short events_of(Ready what) {
    switch (what) {
        case Ready::read:
            return POLLIN;
        case Ready::write:
            return POLLOUT;
        case Ready::end:
            break;
    }
    return POLLRDHUP;
}

}  // namespace

Result<void> wait_until(int fd, Ready what, Time deadline, const char* call) {
    // poll(2) takes no notice of a number that is none.
    if (fd < 0) return std::unexpected(Error::system(EBADF, call));
    const int seen = calls::wait_ready(fd, events_of(what), deadline);
    if (seen == 0) return std::unexpected(Error::deadline(call));
    if (seen < 0) return std::unexpected(Error::system(-seen, "poll"));
    if ((seen & POLLNVAL) != 0) return std::unexpected(Error::system(EBADF, call));
    return {};
}

Result<void> PatientWait::wait() {
    // What took so long was a real wait.
    constexpr Duration kSlept = std::chrono::microseconds(100);
    constexpr Duration kShortest = std::chrono::milliseconds(1);
    constexpr Duration kLongest = std::chrono::milliseconds(32);
    const Time began = monotonic_now();
    if (began >= deadline_) return std::unexpected(Error::deadline(call_));
    if (pause_ > kShortest) {
        std::this_thread::sleep_for(std::min(pause_, deadline_ - began));
    }
    FT_TRY_VOID(wait_until(fd_, what_, deadline_, call_));
    const bool slept = monotonic_now() - began > std::max(kSlept, 2 * pause_);
    pause_ = slept ? Duration::zero() : std::clamp(pause_ * 2, kShortest, kLongest);
    return {};
}

bool is_past(Time deadline) { return deadline != kNever && monotonic_now() >= deadline; }

}  // namespace fivetuple
