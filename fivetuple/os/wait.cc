#include "fivetuple/os/wait.h"

#include "fivetuple/os/clock.h"

#include <poll.h>

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
    const int seen = calls::wait_ready(fd, events_of(what), deadline);
    if (seen == 0) return std::unexpected(Error::deadline(call));
    if (seen < 0) return std::unexpected(Error::system(-seen, "poll"));
    if ((seen & POLLNVAL) != 0) return std::unexpected(Error::system(EBADF, call));
    return {};
}

bool is_past(Time deadline) { return deadline != kNever && monotonic_now() >= deadline; }

}  // namespace fivetuple
