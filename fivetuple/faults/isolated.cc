#include "fivetuple/faults/isolated.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/os/fd.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

namespace fivetuple {
namespace {

// False at the end of what is told, or of the time.
bool read_more(int from, Time until, std::string& into) {
    pollfd waited{from, POLLIN, 0};
    const int ready = ::poll(&waited, 1, poll_timeout_ms(monotonic_now(), until));
    if (ready < 0) return errno == EINTR;
    if (ready == 0) return false;
    std::array<char, 4096> room;
    const ssize_t count = ::read(from, room.data(), room.size());
    if (count > 0) into.append(room.data(), static_cast<std::size_t>(count));
    return count > 0 || (count < 0 && errno == EINTR);
}

void wait_for(pid_t child, Isolated& outcome) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
}

}  // namespace

void Teller::add(std::string_view line) {
    waiting_ += line;
    waiting_ += '\n';
}

void Teller::flush() {
    std::string_view left = waiting_;
    while (!left.empty()) {
        const ssize_t count = ::write(descriptor_, left.data(), left.size());
        if (count < 0 && errno != EINTR) break;
        if (count > 0) left.remove_prefix(static_cast<std::size_t>(count));
    }
    waiting_.clear();
}

void Teller::end_process() {
    flush();
    std::fflush(nullptr);
    ::_exit(0);
}

Isolated run_isolated(const std::function<void(Teller&)>& what, Duration patience) {
    std::fflush(nullptr);
    std::array<int, 2> ends{};
    FT_ASSERT(::pipe(ends.data()) == 0, "no pipe can be had for a process of its own");
    const Fd from(ends[0]);
    Fd to(ends[1]);
    const Time until = after(monotonic_now(), patience);
    const pid_t child = ::fork();
    FT_ASSERT(child >= 0, "no process can be had to run something in");
    if (child == 0) {
        Teller teller(to.raw());
        what(teller);
        teller.end_process();
    }
    to = Fd();
    Isolated outcome;
    while (read_more(from.raw(), until, outcome.said)) {
    }
    if (monotonic_now() >= until) {
        outcome.took_too_long = true;
        ::kill(child, SIGKILL);
    }
    wait_for(child, outcome);
    return outcome;
}

}  // namespace fivetuple
