#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/calls.h"

#include <cstddef>
#include <cstdint>

namespace fivetuple {

/// What a descriptor is waited for: bytes or a connection to take, room to send, the peer's end.
enum class Ready : std::uint8_t { read, write, end };

/// Sleeps until `fd` is ready, or has an error for the next call to tell. Signals do not end it.
/// `call` is what a deadline is said of. Errors: deadline; EBADF, ENOMEM. poll(2)
Result<void> wait_until(int fd, Ready what, Time deadline, const char* call);

/// Whether `deadline` has come; the clock is not asked about one that never does.
bool is_past(Time deadline);

/// The waiting of somebody who tries again and again. Where poll(2) calls ready what is not (a
/// Unix datagram's full queue, an error that nobody takes), it sleeps a little instead of spinning.
class PatientWait {
public:
    PatientWait(int fd, Ready what, Time deadline, const char* call)
        : fd_(fd), what_(what), deadline_(deadline), call_(call) {}
    /// Until the next try is worth it. Errors: as wait_until().
    Result<void> wait();

private:
    int fd_;
    Ready what_;
    Time deadline_;
    const char* call_;
    Duration pause_ = Duration::zero();
};

/// Makes a call that never blocks until it does not answer kWouldBlock, sleeping in between. It is
/// made at least once, also where the deadline is past. `attempt` answers as calls.h does.
/// Errors: those of the call; deadline.
template <class Attempt>
Result<std::size_t> wait_and_try(int fd, Ready what, Time deadline, const char* call,
                                 Attempt attempt) {
    PatientWait patience(fd, what, deadline, call);
    while (true) {
        const int result = attempt();
        if (result >= 0) return static_cast<std::size_t>(result);
        if (result != calls::kWouldBlock) return std::unexpected(Error::system(-result, call));
        FT_TRY_VOID(patience.wait());
    }
}

}  // namespace fivetuple
