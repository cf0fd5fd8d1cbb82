#pragma once

#include "server.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/// What the command line asks for.
struct Settings {
    std::vector<std::string> only;  ///< Names of trials; empty for all.
    std::vector<std::string> backends = {"io_uring", "epoll"};
    bool quick = false;
    int rounds = 5;
    std::uint64_t churn = 1'000'000;  ///< Connections that come and go.
    int server_core = 0;
    int load_core = 1;
    std::uint64_t seed = 0;
    std::string programs;  ///< The folder of the servers.
    std::string json_file;
    std::string markdown_file;

    bool wants(const std::string& trial) const;
    /// The server with all its limits on, with more options of its command line.
    ServerSpec server(const std::string& backend, std::vector<std::string> more = {}) const;
    /// The echo server of the library without any limit.
    ServerSpec bare_server(const std::string& backend) const;
};

/// Reads the command line. Ends the program with 0 after --help, with 2 for bad usage.
Settings read_settings(int argc, char** argv);

}  // namespace bench
