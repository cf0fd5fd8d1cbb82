#include "load_process.h"

#include "failure.h"

#include <fmt/format.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace bench {
namespace {

constexpr int kPatienceMilliseconds = 120'000;
constexpr timespec kIdlePause = {0, 200'000};
constexpr int kIdleChecks = 250;
constexpr timespec kDeathPause = {0, 5'000'000};
constexpr int kDeathChecks = 20;

}  // namespace

/// What parent and child both see.
struct LoadProcess::Shared {
    Nanoseconds warm_up = {};
    Nanoseconds duration = {};
    Slice slice;
    Histogram latency;
    char failure[512] = {};
};

void LoadProcess::Unmap::operator()(Shared* shared) const { munmap(shared, sizeof *shared); }

LoadProcess::LoadProcess(const Row& row, Server& server, int core) : server_(&server) {
    void* memory =
        mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw Failure("cannot start a load", errno_text("mmap"));
    shared_.reset(new (memory) Shared);
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        throw Failure("cannot start a load", errno_text("socketpair"));
    }
    control_ = Fd(ends[0]);
    const Fd childs_end(ends[1]);
    child_ = Child::fork_pinned(core);
    if (child_.is_child()) {
        control_.close();
        serve_orders(row, childs_end);
        _exit(1);
    }
}

void LoadProcess::serve_orders(const Row& row, const Fd& control) {
    try {
        const auto load = make_load(row, server_->address());
        char byte = 0;
        while (write(control.number(), &byte, 1) == 1 && read(control.number(), &byte, 1) == 1) {
            execute_order(*load);
        }
    } catch (const Failure& failure) {
        strncpy(shared_->failure, failure.cause.c_str(), sizeof shared_->failure - 1);
    } catch (const std::exception& exception) {
        strncpy(shared_->failure, exception.what(), sizeof shared_->failure - 1);
    }
}

void LoadProcess::execute_order(Load& load) {
    if (shared_->warm_up.count() > 0) {
        Histogram ignored;
        load.run(shared_->warm_up, ignored);
    }
    const Nanoseconds cpu_before = cpu_once_idle();
    const Nanoseconds began = now();
    shared_->slice.requests = load.run(shared_->duration, shared_->latency);
    shared_->slice.wall = now() - began;
    shared_->slice.server_cpu = cpu_once_idle() - cpu_before;
}

/// The last answer is here before the server has gone back to sleep: what it does until then
/// belongs to the requests too.
Nanoseconds LoadProcess::cpu_once_idle() const {
    Nanoseconds before = read_clock(server_->cpu_clock());
    for (int check = 0; check < kIdleChecks; ++check) {
        nanosleep(&kIdlePause, nullptr);
        const Nanoseconds after = read_clock(server_->cpu_clock());
        if (after == before) break;
        before = after;
    }
    return before;
}

void LoadProcess::wait_until_open() { wait_for_answer(); }

Slice LoadProcess::run(Nanoseconds warm_up, Nanoseconds duration) {
    shared_->warm_up = warm_up;
    shared_->duration = duration;
    const char byte = 0;
    if (send(control_.number(), &byte, 1, MSG_NOSIGNAL) != 1) explain_death();
    wait_for_answer();
    return shared_->slice;
}

Histogram LoadProcess::take_latencies() {
    Histogram taken = shared_->latency;
    shared_->latency.clear();
    return taken;
}

void LoadProcess::wait_for_answer() {
    pollfd readable = {control_.number(), POLLIN, 0};
    const int ready = poll(&readable, 1, kPatienceMilliseconds);
    throw_if_interrupted();
    char byte = 0;
    if (ready == 0) {
        throw Failure("cannot measure the server " + server_->spec().name,
                      "its load did not finish in two minutes");
    }
    if (read(control_.number(), &byte, 1) != 1) explain_death();
}

void LoadProcess::explain_death() {
    const std::string ending = child_.stop();
    // A dying server closes its connections before it can be waited for.
    for (int check = 0; check < kDeathChecks; ++check) {
        server_->must_be_alive();
        nanosleep(&kDeathPause, nullptr);
    }
    const char* reason = shared_->failure[0] != '\0' ? shared_->failure : ending.c_str();
    throw Failure("cannot measure the server " + server_->spec().name, reason);
}

}  // namespace bench
