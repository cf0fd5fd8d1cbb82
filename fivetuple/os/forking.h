#pragma once

#include "fivetuple/base/result.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

// What a process needs that works through copies of itself. fork(2)
namespace fivetuple {

/// How a child has ended.
struct ProcessEnd {
    int process = 0;
    int code = 0;    ///< It returned this, where no signal has ended it.
    int signal = 0;  ///< What has ended it, or 0.

    bool is_clean() const { return code == 0 && signal == 0; }
    /// "ended with code 3", "was killed by signal 9 (Killed)".
    std::string to_string() const;
};

/// A copy of this process: its number, and 0 in the copy. There no signal is caught any more that
/// watch_signal() had caught, and `at_parents_end` comes when the thread that calls this ends, even
/// where it has ended by then. To be called with signals held back, and where there are no other
/// threads: whatever lock they hold would stay locked. Errors: EAGAIN (ulimit -u, the cgroup),
/// ENOMEM. fork(2), PR_SET_PDEATHSIG in prctl(2)
Result<int> fork_with_parent(int at_parents_end);

/// What has become of a child; none while it runs. It can be asked once. waitpid(2)
std::optional<ProcessEnd> take_end_of(int process);
/// The same, and waits for it.
ProcessEnd wait_for_end_of(int process);
/// Harmless where it has ended. kill(2)
void send_signal(int process, int signal);
/// Ends this process with what it has printed written out, and nothing else: what its parent has
/// registered by atexit() is the parent's. _exit(2)
[[noreturn]] void end_copy(int code);
/// Writes out what has been printed, so that no copy of this process prints it again. fflush(3)
void write_out();

/// Threads of this process; 0 where that cannot be found out. proc_pid_task(5)
std::size_t thread_count();

/// The descriptors of this process, in their order. Errors: as open(2), where there is no /proc.
Result<std::vector<int>> list_descriptors();
/// Closes all others. close_range(2)
void close_all_but(std::span<const int> kept);

/// Runs this thread, and what it starts, only on those of its processors whose number leaves
/// `which` when it is divided by `parts`: the ones that steer_by_cpu(parts) gives the socket
/// `which`. Errors: EINVAL, where it may use none of these. sched_setaffinity(2)
Result<void> stay_on_processors(unsigned which, unsigned parts);

}  // namespace fivetuple
