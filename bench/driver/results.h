#pragma once

#include "disturbance.h"
#include "load_process.h"
#include "row.h"
#include "statistics.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bench {

/// The server that all others are compared with.
inline constexpr const char* kReference = "raw_epoll";

/// One server under one kind of load.
struct Measurement {
    std::string server;
    Figure cpu_us_per_request;
    Figure ratio;  ///< CPU per request, as a multiple of the reference's in the same rotation.
    double requests_per_second = 0;
    double latency_median_us = 0;
    double latency_p99_us = 0;
    std::vector<std::vector<Slice>> rounds;  ///< By round, then by rotation.
};

struct RowResult {
    Row row;
    std::vector<Measurement> servers;
    Disturbance disturbance;

    const Measurement* find(const std::string& server) const;
};

/// The system calls that one server made for each request of one row, by kind.
struct CallCounts {
    std::string row;
    std::string server;
    Figure all;                             ///< Over several slices.
    std::map<std::string, double> by_kind;  ///< Medians.
};

/// What 10,000 connections that have had one request each and are now idle cost in user memory.
struct IdleMemory {
    std::string server;
    double bytes_per_connection = 0;
    std::int64_t base_bytes = 0;  ///< Without connections.
};

/// Where and with what was measured.
struct Machine {
    std::string date;
    std::string kernel;
    std::string cpu;
    int cores = 0;
    std::string congestion_control;
    std::string compiler;
    std::map<std::string, std::string> peers;  ///< Library and version.
    std::string command;
};

struct Results {
    Machine machine;
    std::uint64_t seed = 0;
    int rounds = 0;
    int rotations = 0;
    int slice_milliseconds = 0;
    std::vector<std::string> servers;
    std::vector<RowResult> rows;
    std::vector<CallCounts> calls;
    std::vector<IdleMemory> memory;
};

}  // namespace bench
