#include "tools/child_process.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <fstream>
#include <utility>

namespace ft_tool {

namespace ft = fivetuple;

ft::Result<ChildProcess> ChildProcess::start_self(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ft");
    std::vector<char*> raw;
    for (std::string& argument : arguments) raw.push_back(argument.data());
    raw.push_back(nullptr);

    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return std::unexpected(ft::Error::system(errno, "pipe2"));
    }
    ft::Fd reads(ends[0]);
    const ft::Fd writes(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t id = ::fork();
    if (id < 0) return std::unexpected(ft::Error::system(errno, "fork"));
    if (id == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(1);  // It ended before we asked to be told.
        ::dup2(writes.raw(), STDOUT_FILENO);
        ::execv("/proc/self/exe", raw.data());
        ::_exit(127);
    }
    return ChildProcess(id, std::move(reads));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : id_(std::exchange(other.id_, -1)),
      output_(std::move(other.output_)),
      read_ahead_(std::move(other.read_ahead_)) {}

ChildProcess::~ChildProcess() {
    if (id_ <= 0) return;
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
}

ft::Result<std::string> ChildProcess::read_line(ft::Duration limit) {
    const ft::Time deadline = ft::after(ft::monotonic_now(), limit);
    while (true) {
        if (const auto end = read_ahead_.find('\n'); end != read_ahead_.npos) {
            std::string line = read_ahead_.substr(0, end);
            read_ahead_.erase(0, end + 1);
            return line;
        }
        const int ready = ft::calls::wait_ready(output_.raw(), POLLIN, deadline);
        if (ready == 0) return std::unexpected(ft::Error::deadline("read"));
        std::array<std::byte, 512> room;
        const int got = ft::calls::read(output_.raw(), room);
        if (got < 0) return std::unexpected(ft::Error::system(-got, "read"));
        if (got == 0) return std::unexpected(ft::Error::ended("read"));
        read_ahead_ += ft::text_of(ft::Bytes(room).first(static_cast<std::size_t>(got)));
    }
}

int ChildProcess::stop() {
    int status = 0;
    ::kill(id_, SIGTERM);
    if (::waitpid(std::exchange(id_, -1), &status, 0) < 0) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

ft::Result<ft::Duration> ChildProcess::cpu_time() const {
    clockid_t clock;
    timespec used{};
    if (const int error = ::clock_getcpuclockid(id_, &clock); error != 0) {
        return std::unexpected(ft::Error::system(error, "clock_getcpuclockid"));
    }
    if (::clock_gettime(clock, &used) != 0) {
        return std::unexpected(ft::Error::system(errno, "clock_gettime"));
    }
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

std::uint64_t ChildProcess::own_memory() const {
    std::ifstream status("/proc/" + std::to_string(id_) + "/status");
    std::string word;
    while (status >> word) {
        std::uint64_t kib = 0;
        if (word == "RssAnon:" && status >> kib) return kib * 1024;
    }
    return 0;
}

}  // namespace ft_tool
