#pragma once

#include "row.h"
#include "server.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/// What the command line asks for.
struct Options {
    std::vector<Row> rows;
    std::vector<ServerSpec> servers;
    int server_core = 0;
    int load_core = 1;
    int slice_milliseconds = 40;
    int rotations = 12;
    int rounds = 7;
    std::uint64_t seed = 0;
    bool time = true;
    bool calls = true;
    bool memory = true;
    std::string programs;  ///< The folder of the servers and of the counter.
    std::string json_file;
    std::string svg_file;
    std::string markdown_file;
};

/// Reads the command line. Ends the program with 0 after --help or --list, with 2 for bad usage.
Options read_options(int argc, char** argv);

}  // namespace bench
