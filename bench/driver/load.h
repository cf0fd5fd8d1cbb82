#pragma once

#include "histogram.h"
#include "row.h"

#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <memory>

namespace bench {

using Nanoseconds = std::chrono::nanoseconds;

/// Drives one server in a closed loop and compares every byte that comes back. Throws a Failure
/// when the server closes, is silent for seconds, or answers with other bytes.
class Load {
public:
    virtual ~Load() = default;

    /// Keeps the load up for this long, then waits for the answers still due. Every connection
    /// makes at least one request. Returns the requests answered, with their latencies in
    /// `latency`.
    virtual std::uint64_t run(Nanoseconds duration, Histogram& latency) = 0;
};

/// Opens the connections of the row; a churn opens its own as it goes.
std::unique_ptr<Load> make_load(const Row& row, const sockaddr_in& server);

/// For `make_load` alone.
std::unique_ptr<Load> make_echo_load(const Row& row, const sockaddr_in& server);
std::unique_ptr<Load> make_churn_load(const Row& row, const sockaddr_in& server);

inline Nanoseconds now() {
    return std::chrono::duration_cast<Nanoseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace bench
