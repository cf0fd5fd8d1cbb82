#include "fivetuple/os/forking.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/signals.h"

#include <dirent.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>

namespace fivetuple {
namespace {

struct CloseFolder {
    void operator()(DIR* folder) const { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

// The numbers that a folder of /proc names its entries by.
std::vector<int> numbers_in(DIR& folder) {
    std::vector<int> numbers;
    while (const dirent* entry = ::readdir(&folder)) {
        const char* end = entry->d_name + std::strlen(entry->d_name);
        int number = 0;
        const auto read = std::from_chars(entry->d_name, end, number);
        if (read.ec == std::errc() && read.ptr == end) numbers.push_back(number);
    }
    std::ranges::sort(numbers);
    return numbers;
}

void close_from_to(unsigned first, unsigned last) {
    // By number: the C library of Debian 11 has no function for it.
    ::syscall(SYS_close_range, first, last, 0u);
}

std::optional<ProcessEnd> end_of(int process, int flags) {
    int status = 0;
    pid_t ended = 0;
    do {
        ended = ::waitpid(process, &status, flags);
    } while (ended < 0 && errno == EINTR);
    if (ended == 0) return std::nullopt;
    ProcessEnd end;
    end.process = process;
    // Somebody else has asked for it: nothing more is known.
    if (ended < 0) return end;
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
    return end;
}

}  // namespace

std::string ProcessEnd::to_string() const {
    if (signal == 0) return "ended with code " + std::to_string(code);
    const char* name = ::strsignal(signal);
    return "was killed by signal " + std::to_string(signal) +
           (name != nullptr ? " (" + std::string(name) + ")" : "");
}

Result<int> fork_with_parent(int at_parents_end) {
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child < 0) return std::unexpected(Error::system(errno, "fork"));
    if (child > 0) return child;
    forget_signal_watchers();
    ::prctl(PR_SET_PDEATHSIG, at_parents_end);
    // It may have ended before the kernel was asked.
    if (::getppid() != parent) ::raise(at_parents_end);
    return 0;
}

std::optional<ProcessEnd> take_end_of(int process) { return end_of(process, WNOHANG); }
ProcessEnd wait_for_end_of(int process) { return end_of(process, 0).value_or(ProcessEnd()); }

void send_signal(int process, int signal) { ::kill(process, signal); }

void end_copy(int code) {
    write_out();
    ::_exit(code);
}

void write_out() { std::fflush(nullptr); }

std::size_t thread_count() {
    const Folder folder(::opendir("/proc/self/task"));
    return folder ? numbers_in(*folder).size() : 0;
}

Result<std::vector<int>> list_descriptors() {
    const Folder folder(::opendir("/proc/self/fd"));
    if (!folder) return std::unexpected(Error::system(errno, "open").about("/proc/self/fd"));
    std::vector<int> numbers = numbers_in(*folder);
    std::erase(numbers, ::dirfd(folder.get()));
    return numbers;
}

void close_all_but(std::span<const int> kept) {
    std::vector<int> sorted(kept.begin(), kept.end());
    std::ranges::sort(sorted);
    unsigned first = 0;
    for (const int each : sorted) {
        const auto number = static_cast<unsigned>(each);
        if (number > first) close_from_to(first, number - 1);
        first = std::max(first, number + 1);
    }
    close_from_to(first, UINT_MAX);
}

Result<void> stay_on_processors(unsigned which, unsigned parts) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return std::unexpected(Error::system(errno, "sched_getaffinity"));
    }
    cpu_set_t chosen;
    CPU_ZERO(&chosen);
    for (unsigned each = which; each < CPU_SETSIZE; each += parts) {
        if (CPU_ISSET(each, &allowed)) CPU_SET(each, &chosen);
    }
    if (::sched_setaffinity(0, sizeof chosen, &chosen) != 0) {
        return std::unexpected(Error::system(errno, "sched_setaffinity"));
    }
    return {};
}

}  // namespace fivetuple
