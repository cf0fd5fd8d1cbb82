#include "server.h"

#include "failure.h"
#include "fd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <sstream>

namespace bench {
namespace {

constexpr int kStartMilliseconds = 5'000;
constexpr timespec kEndPause = {0, 10'000'000};

std::string goal_of(const ServerSpec& spec) { return "cannot measure the server " + spec.name; }

}  // namespace

std::chrono::nanoseconds read_clock(clockid_t clock) {
    timespec now = {};
    clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

Server::Server(const ServerSpec& spec, int core, const std::vector<std::string>& environment)
    : spec_(spec) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) throw Failure(goal_of(spec), errno_text("pipe2"));
    const Fd output(ends[0]);
    Fd input(ends[1]);
    child_ = Child::fork_pinned(core);
    if (child_.is_child()) exec(environment, input.number());
    input.close();
    read_address(read_announcement(output.number()));
    if (clock_getcpuclockid(child_.pid(), &cpu_clock_) != 0) {
        throw Failure(goal_of(spec), "its CPU clock cannot be read");
    }
}

void Server::exec(const std::vector<std::string>& environment, int output) const {
    dup2(output, STDOUT_FILENO);
    for (const std::string& setting : environment) putenv(strdup(setting.c_str()));
    std::vector<char*> arguments = {strdup(spec_.program.c_str())};
    for (const std::string& argument : spec_.arguments)
        arguments.push_back(strdup(argument.c_str()));
    arguments.push_back(nullptr);
    execv(spec_.program.c_str(), arguments.data());
    fmt::print(stderr, "{}: {}\n", spec_.program, errno_text("exec"));
    _exit(127);
}

std::string Server::read_announcement(int output) {
    std::string line;
    while (line.empty() || line.back() != '\n') {
        pollfd readable = {output, POLLIN, 0};
        const int ready = poll(&readable, 1, kStartMilliseconds);
        throw_if_interrupted();
        if (ready == 0) {
            throw Failure(goal_of(spec_), "it printed no `listening HOST:PORT` for 5 seconds");
        }
        char byte = 0;
        const ssize_t count = read(output, &byte, 1);
        if (count == 0) throw Failure(goal_of(spec_), "it did not start: it " + child_.stop());
        if (count == 1) line += byte;
    }
    return line.substr(0, line.size() - 1);
}

void Server::read_address(const std::string& announcement) {
    const std::size_t colon = announcement.rfind(':');
    const std::string start = "listening ";
    address_.sin_family = AF_INET;
    int port = 0;
    if (announcement.starts_with(start) && colon != std::string::npos) {
        const std::string host = announcement.substr(start.size(), colon - start.size());
        const char* end = announcement.data() + announcement.size();
        const auto parsed = std::from_chars(announcement.data() + colon + 1, end, port);
        if (parsed.ptr != end || inet_pton(AF_INET, host.c_str(), &address_.sin_addr) != 1)
            port = 0;
    }
    if (port <= 0 || port > 65535) {
        throw Failure(goal_of(spec_),
                      fmt::format("it printed `{}`, not `listening HOST:PORT`", announcement));
    }
    address_.sin_port = htons(static_cast<std::uint16_t>(port));
}

void Server::must_be_alive() {
    if (const auto ending = child_.ending()) {
        throw Failure(goal_of(spec_), fmt::format("it died during the run: it {}", *ending));
    }
}

void Server::stop() {
    must_be_alive();
    const std::string ending = child_.stop();
    if (ending != "exited with 0") {
        throw Failure(goal_of(spec_), fmt::format("asked to end by SIGTERM, it {}", ending));
    }
}

void Server::wait_for_end(std::chrono::seconds patience) {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (true) {
        throw_if_interrupted();
        if (const auto ending = child_.ending()) {
            if (*ending == "exited with 0") return;
            throw Failure(goal_of(spec_), "expected to end by itself, it " + *ending);
        }
        if (std::chrono::steady_clock::now() > give_up) {
            throw Failure(goal_of(spec_), "it should have ended by itself and has not");
        }
        nanosleep(&kEndPause, nullptr);
    }
}

std::int64_t Server::anonymous_bytes() const {
    std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", child_.pid()));
    for (std::string line; std::getline(rollup, line);) {
        std::istringstream words(line);
        std::string name;
        std::int64_t kibibytes = 0;
        if (words >> name >> kibibytes && name == "Anonymous:") return kibibytes * 1024;
    }
    throw Failure(goal_of(spec_), "its memory cannot be read from /proc");
}

}  // namespace bench
