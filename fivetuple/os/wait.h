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

/// Makes a call that never blocks until it does not answer kWouldBlock, sleeping in between. It is
/// made at least once, also where the deadline is past. `attempt` answers as calls.h does.
/// Errors: those of the call; deadline.
template <class Attempt>
Result<std::size_t> wait_and_try(int fd, Ready what, Time deadline, const char* call,
                                 Attempt attempt) {
    for (bool tried = false;; tried = true) {
        const int result = attempt();
        if (result >= 0) return static_cast<std::size_t>(result);
        if (result != calls::kWouldBlock) return std::unexpected(Error::system(-result, call));
        // What looks ready and is not must not keep us here.
        if (tried && is_past(deadline)) return std::unexpected(Error::deadline(call));
        FT_TRY_VOID(wait_until(fd, what, deadline, call));
    }
}

}  // namespace fivetuple
