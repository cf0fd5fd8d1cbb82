#pragma once

#include "fivetuple/io/loop.h"
#include "fivetuple/os/address.h"
#include "fivetuple/task/task.h"

#include <cstdint>
#include <functional>

namespace ft_tool {

/// What one loop of an echo server has done.
struct EchoCounters {
    std::uint64_t accepted = 0;
    std::uint64_t active = 0;  ///< Connections open, or that were when the server ended.
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t broken = 0;     ///< Connections that ended in an error.
    std::uint64_t silent = 0;     ///< Connections ended for being silent too long.
    std::uint64_t shortages = 0;  ///< Times that accept() found no descriptor or memory.

    EchoCounters& operator+=(const EchoCounters& other);
};

struct EchoOptions {
    fivetuple::SocketAddress at;
    bool reuse_port = false;
    /// A connection that is silent for so long is ended; zero: never.
    fivetuple::Duration silence_limit{};
    /// Called once, with the address that it listens on.
    std::function<void(const fivetuple::SocketAddress&)> listening;
};

/// Echoes every byte of every connection until it is cancelled. Errors: those of listening.
fivetuple::Task<fivetuple::Result<void>> echo_server(fivetuple::Loop& loop, EchoOptions options,
                                                     EchoCounters& counters);

}  // namespace ft_tool
