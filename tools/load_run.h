#pragma once

#include "fivetuple/base/histogram.h"
#include "fivetuple/base/result.h"
#include "fivetuple/io/choice.h"
#include "fivetuple/os/address.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace ft_tool {

struct LoadOptions {
    fivetuple::SocketAddress to;
    unsigned connections = 50;
    std::size_t size = 64;  ///< Bytes of a message.
    unsigned pipeline = 1;  ///< Messages sent in one write before their answers are awaited.
    double rate = 0;        ///< Messages a second over all connections; 0: as fast as answered.
    bool churn = false;     ///< A connection for each message.
    unsigned loops = 1;     ///< Each on a thread of its own.
    fivetuple::Duration duration = std::chrono::seconds(10);
    fivetuple::Duration warm_up = std::chrono::milliseconds(500);
    fivetuple::Duration connect_limit = std::chrono::seconds(5);
    fivetuple::LoopOptions loop;
    /// Called about once a second while it runs.
    std::function<void(const struct LoadProgress&)> progress;
    /// Called by the first loop as the measured part begins and ends, all connections standing.
    std::function<void()> begins;
    std::function<void()> ends;
};

struct LoadProgress {
    fivetuple::Duration elapsed{};
    std::uint64_t messages = 0;         ///< So far, warm-up included.
    std::uint64_t messages_before = 0;  ///< At the last report.
};

struct LoadResult {
    fivetuple::Duration elapsed{};  ///< Of the measured part.
    std::uint64_t messages = 0;
    std::uint64_t wrong = 0;      ///< Answers that were not what had been sent.
    std::uint64_t connected = 0;  ///< Connections made, over the whole run.
    std::map<std::string, std::uint64_t> errors;
    /// Nanoseconds from when a message was to be sent, by the clock or by the rate, to its answer's
    /// last byte. A stall is so counted against every message that it kept waiting.
    fivetuple::Histogram latency;
    std::string backend;

    void merge(const LoadResult& other);
};

/// Drives an echo server. Errors: those of the first connection, where none can be made; limit,
/// where this process may not hold so many descriptors; those of opening a loop.
fivetuple::Result<LoadResult> run_load(const LoadOptions& options);

}  // namespace ft_tool
