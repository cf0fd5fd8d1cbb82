#pragma once

#include "fivetuple/base/time.h"

#include <ctime>

namespace fivetuple {

/// The machine's monotonic clock: never set back, stands still while the machine is suspended.
/// clock_gettime(2)
Time monotonic_now();

/// The milliseconds that poll(2) and its like should sleep so as not to wake before `until`:
/// rounded up, or a sleep of less than a millisecond would become a spin; -1 for kNever.
int poll_timeout_ms(Time now, Time until);

/// A length of time, not negative, as the kernel writes it.
timespec to_timespec(Duration limit);

}  // namespace fivetuple
