#include "tools/relay_child.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/task/op_wait.h"
#include "fivetuple/task/within.h"

#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <utility>

namespace ft_tool {

namespace ft = fivetuple;

namespace {

// How long a command that was asked to end is waited for.
constexpr ft::Duration kPatience = std::chrono::seconds(1);

/// Waits until a descriptor can be read: Result<void>.
class Readable : public ft::OpWait, public ft::Awaits<Readable> {
public:
    explicit Readable(ft::Handle file) : OpWait(ft::OpKind::poll) {
        ask_poll(file, ft::kPollReadable);
    }
    bool start(ft::Node& node, std::coroutine_handle<> sleeper) { return begin(node, sleeper); }
    ft::Result<void> finish() {
        if (result < 0) return std::unexpected(error("poll"));
        return {};
    }
};

/// What a spawned program inherits, released in the end.
struct SpawnPlan {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;

    SpawnPlan(int socket) {
        posix_spawn_file_actions_init(&files);
        posix_spawn_file_actions_adddup2(&files, socket, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&files, socket, STDOUT_FILENO);
        posix_spawnattr_init(&attributes);
        // We ignore SIGPIPE, and what is ignored would be so for the command as well.
        sigset_t usual;
        ::sigemptyset(&usual);
        ::sigaddset(&usual, SIGPIPE);
        posix_spawnattr_setsigdefault(&attributes, &usual);
        sigset_t none;
        ::sigemptyset(&none);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
    }
};

}  // namespace

ft::Result<std::unique_ptr<RelayChild>> RelayChild::start(ft::Loop& loop,
                                                          const std::string& command,
                                                          const ft::Fd& socket) {
    const SpawnPlan plan(socket.raw());
    std::string shell = "sh";
    std::string option = "-c";
    std::string line = command;
    char* const arguments[] = {shell.data(), option.data(), line.data(), nullptr};
    pid_t id = -1;
    const int error =
        ::posix_spawn(&id, "/bin/sh", &plan.files, &plan.attributes, arguments, environ);
    if (error != 0) return std::unexpected(ft::Error::system(error, "posix_spawn"));
    std::unique_ptr<RelayChild> child(new RelayChild(loop, command, id));
    ft::Fd watch(static_cast<int>(::syscall(SYS_pidfd_open, id, 0)));
    if (!watch) return std::unexpected(ft::Error::system(errno, "pidfd_open"));
    FT_TRY(child->watched_, loop.sockets().adopt(std::move(watch)));
    return child;
}

RelayChild::~RelayChild() {
    if (id_ > 0 && !collect()) {
        ::kill(id_, SIGTERM);
        if (watched_) {
            ft::calls::wait_ready(watched_.number, POLLIN,
                                  ft::after(ft::monotonic_now(), kPatience));
        }
        if (!collect()) {
            ::kill(id_, SIGKILL);
            ::waitpid(id_, nullptr, 0);
        }
    }
    if (watched_) loop_.backend().close(watched_);
}

std::optional<int> RelayChild::collect() {
    int status = 0;
    if (::waitpid(id_, &status, WNOHANG) != id_) return std::nullopt;
    id_ = -1;
    return status;
}

ft::Result<void> RelayChild::judge(int status) const {
    if (is_ended_by_us_ || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) return {};
    const std::string how = WIFEXITED(status)
                                ? "it exited with " + std::to_string(WEXITSTATUS(status))
                                : "it was killed by signal " + std::to_string(WTERMSIG(status));
    return std::unexpected(ft::Error::malformed("exec", how).about(name()));
}

ft::Task<ft::Result<void>> RelayChild::ended(ft::Duration limit) {
    auto gone = co_await ft::within(limit, Readable(watched_));
    for (const int number : {SIGTERM, SIGKILL}) {
        if (gone) break;
        if (!gone.error().is_deadline()) co_return std::unexpected(std::move(gone).error());
        is_ended_by_us_ = true;
        ::kill(id_, number);
        gone = co_await ft::within(kPatience, Readable(watched_));
    }
    const auto status = collect();
    if (!status) co_return {};
    co_return judge(*status);
}

}  // namespace ft_tool
