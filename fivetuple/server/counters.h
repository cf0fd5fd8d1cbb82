#pragma once

#include "fivetuple/base/histogram.h"
#include "fivetuple/server/reason.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fivetuple {

/// A number for each errno; those that Linux does not have are counted together.
class ByErrno {
public:
    static constexpr std::size_t kCodes = 135;

    std::uint64_t& operator[](int code) { return times_[place_of(code)]; }
    std::uint64_t operator[](int code) const { return times_[place_of(code)]; }
    ByErrno& operator+=(const ByErrno& other);

private:
    static std::size_t place_of(int code) {
        return std::min(static_cast<std::size_t>(static_cast<unsigned>(code)), kCodes - 1);
    }
    std::array<std::uint64_t, kCodes> times_{};
};

/// What a server, or one worker of it, has done since it began, and what it has open. Counters only
/// grow; histograms are of nanoseconds. Of fixed size, and a copy of bytes: counting allocates
/// nothing, and processes can share it.
struct ServerCounters {
    std::uint64_t accepted = 0;        ///< Connections that the kernel handed over.
    std::uint64_t served = 0;          ///< Of these, the ones whose handler was run.
    std::uint64_t active = 0;          ///< Handlers that run now. Not a counter, as it falls, too.
    std::uint64_t lingering = 0;       ///< Connections behind their last answer, now. Falls, too.
    ByReason<std::uint64_t> reasons;   ///< Turned away or ended, by reason.
    std::uint64_t cut_off = 0;         ///< Handlers that stop() or Drain::hard has cancelled.
    std::uint64_t threw = 0;           ///< Handlers that ended by an exception.
    std::uint64_t shortages = 0;       ///< accept() found no descriptor or memory.
    std::uint64_t accept_failed = 0;   ///< accept() failed for one connection's own sake.
    std::uint64_t paced = 0;           ///< Waits for ServerLimits::accepts_per_second.
    std::uint64_t hold_refused = 0;    ///< Times that Connection::hold() said no.
    std::uint64_t bytes_received = 0;  ///< Of TCP connections that have ended.
    std::uint64_t bytes_sent = 0;      ///< The same; acknowledged by the peer.
    std::uint64_t system_calls = 0;    ///< Of its loop, as BackendStats has them.
    std::uint64_t waits = 0;           ///< Of these, the ones that may sleep.
    std::uint64_t buffers_short = 0;   ///< Times that the loop had no buffer free at once.
    std::uint64_t overflows = 0;       ///< Times that the kernel had no room for a completion.
    ByErrno broken;                    ///< Connections that ended in an errno, by errno.
    /// From the last acknowledgement of the peer, mostly that of the handshake, to the start of its
    /// handler: how long it has waited in the kernel's queue and for the loop. In whole
    /// milliseconds, as the kernel keeps them; of each eighth TCP connection, as it has to be
    /// asked.
    Histogram accept_delay;
    Histogram handler_time;     ///< From the start of the handler to its end.
    Histogram connection_time;  ///< From accept to close, of those that have ended.
    Histogram loop_lag;         ///< How late the loop was to run a timer.

    ServerCounters& operator+=(const ServerCounters& other);
};

/// Counters, and what stands at each of their lines, as in `worker="1"`.
struct LabelledCounters {
    std::string labels;
    const ServerCounters* counters = nullptr;
};

/// The exposition format of Prometheus, version 0.0.4; all names begin with `prefix`. Histograms
/// have a bucket for each doubling from 8 us to 137 s.
/// https://prometheus.io/docs/instrumenting/exposition_formats/
std::string to_prometheus(std::span<const LabelledCounters> all,
                          std::string_view prefix = "fivetuple_server_");
/// The same of one; `labels` may be empty.
std::string to_prometheus(const ServerCounters& counters, const std::string& labels = {});

}  // namespace fivetuple
