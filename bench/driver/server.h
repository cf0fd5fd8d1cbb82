#pragma once

#include "child.h"

#include <netinet/in.h>
#include <time.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/// A program that keeps the contract of bench/servers, and how to start it.
struct ServerSpec {
    std::string name;
    std::string program;
    std::vector<std::string> arguments;
    int connections_max = 0;  ///< More than this it cannot serve; 0 for no such limit.
};

/// A running echo server under test, pinned to its core; ends with this object.
class Server {
public:
    /// Starts it, with `environment` (NAME=VALUE) added, and waits until it says that it listens.
    Server(const ServerSpec& spec, int core, const std::vector<std::string>& environment = {});

    const ServerSpec& spec() const { return spec_; }
    const sockaddr_in& address() const { return address_; }
    /// The clock of the CPU time that the process has used.
    clockid_t cpu_clock() const { return cpu_clock_; }

    pid_t pid() const { return child_.pid(); }

    /// Throws a Failure naming the server when it has died.
    void must_be_alive();
    /// Ends it; throws a Failure when it did not exit with 0.
    void stop();
    /// Waits until it has ended by itself; throws a Failure when it does not, or not with 0.
    void wait_for_end(std::chrono::seconds patience);
    /// Anonymous memory that is resident now, in bytes.
    std::int64_t anonymous_bytes() const;

private:
    void exec(const std::vector<std::string>& environment, int output) const;
    std::string read_announcement(int output);
    void read_address(const std::string& announcement);

    ServerSpec spec_;
    Child child_;
    sockaddr_in address_ = {};
    clockid_t cpu_clock_ = 0;
};

std::chrono::nanoseconds read_clock(clockid_t clock);

}  // namespace bench
