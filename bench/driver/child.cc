#include "child.h"

#include "failure.h"

#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <utility>

namespace bench {
namespace {

constexpr int kStopAttempts = 200;
constexpr timespec kStopPause = {0, 10'000'000};

std::string in_words(int status) {
    if (WIFSIGNALED(status)) {
        return fmt::format("killed by signal {} ({})", WTERMSIG(status),
                           strsignal(WTERMSIG(status)));
    }
    return fmt::format("exited with {}", WEXITSTATUS(status));
}

void pin_to(int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    if (sched_setaffinity(0, sizeof cores, &cores) < 0) _exit(127);
}

void restore_default_signals() {
    for (const int number : {SIGINT, SIGTERM}) signal(number, SIG_DFL);
}

}  // namespace

Child Child::fork_pinned(int core) {
    const pid_t parent = getpid();
    Child child;
    child.pid_ = fork();
    if (child.pid_ < 0) throw Failure("cannot start a process", errno_text("fork"));
    if (child.pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127);
        restore_default_signals();
        pin_to(core);
    }
    return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), ending_(std::move(other.ending_)) {}

Child& Child::operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(ending_, other.ending_);
    return *this;
}

std::optional<std::string> Child::ending() {
    if (pid_ > 0) {
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
        ending_ = in_words(status);
        pid_ = -1;
    }
    return ending_;
}

std::string Child::stop() {
    if (pid_ > 0) {
        kill(pid_, SIGTERM);
        for (int attempt = 0; attempt < kStopAttempts && !ending(); ++attempt) {
            nanosleep(&kStopPause, nullptr);
        }
    }
    if (pid_ > 0) {
        kill(pid_, SIGKILL);
        int status = 0;
        waitpid(pid_, &status, 0);
        ending_ = "did not end at SIGTERM and was killed";
        pid_ = -1;
    }
    return ending_;
}

}  // namespace bench
