#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"
#include "fivetuple/io/choice.h"
#include "fivetuple/os/fd.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace fivetuple {

/// What can be awaited of a descriptor, and what can be seen of it.
struct Readiness {
    enum : std::uint8_t {
        readable = 1,
        writable = 2,
        peer_closed = 4,  ///< The peer has ended its sending side (POLLRDHUP).
        urgent = 8,       ///< There is urgent data: a receive may stop short of it.
        broken = 16,      ///< POLLHUP or POLLERR; seen whatever else is awaited, or by itself.
        stays = 32,       ///< To be told as long as it is so, also where changes are told.
    };
};

/// What epoll, poll and select differ in: how to remember what is awaited, and how to sleep.
class Poller {
public:
    struct Event {
        int fd;
        std::uint32_t generation;
        std::uint8_t seen;
    };

    Poller() = default;
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;
    virtual ~Poller() = default;

    virtual std::string_view name() const = 0;
    /// True where each change is told once (but for Readiness::stays); else states are told.
    virtual bool tells_changes() const = 0;
    /// The highest descriptor number that can be watched.
    virtual int highest() const { return INT32_MAX; }

    /// From now on `wanted` is awaited of `fd` instead of what was `before`; 0 is nothing. Answers
    /// 0 or -errno: -EPERM for a file, which is always ready.
    virtual int watch(int fd, std::uint32_t generation, std::uint8_t before,
                      std::uint8_t wanted) = 0;
    /// `fd` is about to be closed.
    virtual void forget(int fd) = 0;
    /// Sleeps until something awaited has come, or until `until`. The events hold until the next
    /// call.
    virtual std::span<const Event> sleep(Time now, Time until) = 0;
};

/// Errors: EMFILE, ENFILE, ENOSYS, EPERM.
Result<std::unique_ptr<Poller>> open_epoll();
Result<std::unique_ptr<Poller>> open_poll();
Result<std::unique_ptr<Poller>> open_select();

}  // namespace fivetuple
