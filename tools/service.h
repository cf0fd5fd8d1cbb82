#pragma once

#include "fivetuple/server/counters.h"
#include "fivetuple/server/options.h"

#include "tools/command.h"
#include <cstdint>
#include <string>

namespace ft_tool {

/// What commands that serve have in common: where, on how many cores, within which limits.
struct ServiceArguments {
    std::string address = kDefaultAddress;
    unsigned workers = 1;
    unsigned processes = 0;  ///< 0: threads.
    std::size_t connections = 10'000;
    std::size_t per_address = 256;
    std::string silence = "1m";
    std::string drain = "5s";
    std::string control;
    bool steer = false;
    bool unlimited = false;
    LoopArguments loop;

    void add_to(CLI::App& command);
    fivetuple::ServerOptions options() const;
};

/// Serves on the main thread, or on the workers asked for, until a signal; what was done then. The
/// first line of output says where it listens. Errors: as Server::serve(), serve_on_workers() and
/// serve_on_processes().
fivetuple::Result<fivetuple::ServerCounters> serve_until_signal(
    const ServiceArguments& arguments, const fivetuple::ServerOptions& options,
    const fivetuple::ConnectionHandler& handler);

}  // namespace ft_tool
