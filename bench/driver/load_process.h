#pragma once

#include "child.h"
#include "fd.h"
#include "load.h"
#include "server.h"

#include <cstdint>
#include <memory>
#include <string>

namespace bench {

/// What one slice showed.
struct Slice {
    std::uint64_t requests = 0;
    Nanoseconds wall = {};
    Nanoseconds server_cpu = {};  ///< All that the server used until it was idle again.

    double cpu_us_per_request() const {
        return static_cast<double>(server_cpu.count()) / 1e3 / static_cast<double>(requests);
    }
    double requests_per_second() const {
        return static_cast<double>(requests) * 1e9 / static_cast<double>(wall.count());
    }
};

/// A process that holds the connections of one row to one server, and drives them when told to. A
/// process of its own, because ten thousand connections are half of what one may have open.
class LoadProcess {
public:
    LoadProcess(const Row& row, Server& server, int core);
    LoadProcess(LoadProcess&&) = default;

    /// Waits until all connections are open.
    void wait_until_open();
    /// A slice: `warm_up` without being measured, then `duration` measured.
    Slice run(Nanoseconds warm_up, Nanoseconds duration);
    /// The latencies of all slices since the last call.
    Histogram take_latencies();

private:
    struct Shared;
    struct Unmap {
        void operator()(Shared* shared) const;
    };

    void serve_orders(const Row& row, const Fd& control);
    void execute_order(Load& load);
    Nanoseconds cpu_once_idle() const;
    void wait_for_answer();
    [[noreturn]] void explain_death();

    Server* server_;
    std::unique_ptr<Shared, Unmap> shared_;
    Fd control_;
    Child child_;
};

}  // namespace bench
