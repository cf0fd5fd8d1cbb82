#pragma once

#include "fivetuple/base/histogram.h"
#include "fivetuple/server/reason.h"

#include <cstdint>
#include <map>
#include <string>

namespace fivetuple {

/// What a server, or one worker of it, has done since it began, and what it has open. Counters only
/// grow; histograms are of nanoseconds.
struct ServerCounters {
    std::uint64_t accepted = 0;        ///< Connections that the kernel handed over.
    std::uint64_t served = 0;          ///< Of these, the ones whose handler was run.
    std::uint64_t active = 0;          ///< Handlers that run now. Not a counter, as it falls, too.
    std::uint64_t lingering = 0;       ///< Connections behind their last answer, now. Falls, too.
    ByReason<std::uint64_t> reasons;   ///< Turned away or ended, by reason.
    std::uint64_t threw = 0;           ///< Handlers that ended by an exception.
    std::uint64_t shortages = 0;       ///< accept() found no descriptor or memory.
    std::uint64_t accept_failed = 0;   ///< accept() failed for one connection's own sake.
    std::uint64_t paced = 0;           ///< Waits for ServerLimits::accepts_per_second.
    std::uint64_t hold_refused = 0;    ///< Times that Connection::hold() said no.
    std::uint64_t bytes_received = 0;  ///< Of TCP connections that have ended.
    std::uint64_t bytes_sent = 0;      ///< The same; acknowledged by the peer.
    std::map<int, std::uint64_t> broken;  ///< Connections that ended in an errno, by errno.
    Histogram connection_time;            ///< From accept to close, of those that have ended.
    Histogram loop_lag;                   ///< How late the loop was to run a timer.

    ServerCounters& operator+=(const ServerCounters& other);
};

/// The exposition format of Prometheus, version 0.0.4; `labels` stand at every line, as in
/// `worker="1"`, and may be empty. https://prometheus.io/docs/instrumenting/exposition_formats/
std::string to_prometheus(const ServerCounters& counters, const std::string& labels = {});

}  // namespace fivetuple
