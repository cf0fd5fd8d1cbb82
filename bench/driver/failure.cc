#include "failure.h"

#include <signal.h>
#include <string.h>

#include <cerrno>

namespace bench {
namespace {

volatile sig_atomic_t interrupted = 0;

}  // namespace

std::string errno_text(const char* call) { return std::string(call) + ": " + strerror(errno); }

void catch_interrupts() {
    struct sigaction action = {};
    action.sa_handler = [](int) { interrupted = 1; };
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

void throw_if_interrupted() {
    if (interrupted != 0) throw Interrupted();
}

}  // namespace bench
