#include "machine.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace bench {
namespace {

std::string first_line_of(const char* path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line.empty() ? "unknown" : line;
}

std::string cpu_model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        const std::size_t colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return "unknown";
}

/// `NAME VERSION,...`, as the build passes them on.
std::map<std::string, std::string> peer_versions() {
    std::map<std::string, std::string> versions;
    std::istringstream pairs(FT_BENCH_PEERS);
    for (std::string pair; std::getline(pairs, pair, ',');) {
        const std::size_t space = pair.find(' ');
        versions[pair.substr(0, space)] = pair.substr(space + 1);
    }
    return versions;
}

}  // namespace

Machine describe_machine(int argc, char** argv) {
    Machine machine;
    utsname names = {};
    uname(&names);
    machine.kernel = fmt::format("{} {} {}", names.sysname, names.release, names.machine);
    machine.cpu = cpu_model();
    machine.cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
    machine.date = fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(time(nullptr)));
    machine.congestion_control = first_line_of("/proc/sys/net/ipv4/tcp_congestion_control");
    machine.compiler = FT_BENCH_COMPILER;
    machine.peers = peer_versions();
    machine.command = std::filesystem::path(argv[0]).filename().string();
    for (int at = 1; at < argc; ++at) machine.command += std::string(" ") + argv[at];
    return machine;
}

}  // namespace bench
