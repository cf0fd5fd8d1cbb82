#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"
#include "fivetuple/task/task.h"

#include <optional>
#include <string>

namespace fivetuple {

/// Tells the service manager that runs this program how it is. Where there is none, all of it does
/// nothing and is well. Each call is a datagram, and takes at most five seconds.
/// Errors of all that tells: ENOENT, ECONNREFUSED, EACCES (of its socket); cancelled, deadline.
/// sd_notify(3)
class Notifier {
public:
    /// There is no manager.
    Notifier() = default;
    /// The manager listens at `at`, and ends what it has not heard of for `watchdog`; zero: never.
    explicit Notifier(const SocketAddress& at, Duration watchdog = {})
        : at_(at), watchdog_(watchdog) {}
    /// As the environment says: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID. They are taken out of
    /// it, so that what this program starts does not speak for it. Errors: malformed, where they do
    /// not say what they should; unsupported, for a socket that is neither a path nor abstract.
    static Result<Notifier> take();

    /// Whether there is somebody to tell.
    explicit operator bool() const { return at_.has_value(); }
    Duration watchdog() const { return watchdog_; }

    /// All that was to be started has been: whoever waits for this program goes on.
    Task<Result<void>> ready() const;
    /// It reads its configuration anew; ready() is to follow.
    Task<Result<void>> reloading() const;
    /// It has begun to end.
    Task<Result<void>> stopping() const;
    /// A line for people: what it is doing. Errors: malformed, where it has a line break.
    Task<Result<void>> status(std::string text) const;
    /// It is alive, for the watchdog.
    Task<Result<void>> alive() const;
    /// Any lines of `NAME=value`. Errors: EMSGSIZE.
    Task<Result<void>> tell(std::string lines) const;

    /// Says alive() twice in the watchdog's time, for as long as the loop turns: until cancelled,
    /// or not at all where there is no watchdog. What cannot be told is tried again the next time.
    Task<void> keep_watchdog_quiet() const;

private:
    std::optional<SocketAddress> at_;
    Duration watchdog_{};
};

}  // namespace fivetuple
