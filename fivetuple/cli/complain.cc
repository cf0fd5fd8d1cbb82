#include "fivetuple/cli/complain.h"

#include <cerrno>

namespace fivetuple {
namespace {

struct Advice {
    std::string_view call;  // Empty: of any call.
    int code;
    std::string_view text;
};

// One line for each mistake that people really make; the first that fits is given.
constexpr Advice kAdvice[] = {
    {"bind", EADDRINUSE, "another socket holds this address; `ss -ltnp` shows whose it is"},
    {"listen", EADDRINUSE, "another socket listens there; `ss -ltnp` shows whose it is"},
    {"bind", EACCES, "ports below 1024 need CAP_NET_BIND_SERVICE; take a higher port"},
    {"bind", EADDRNOTAVAIL, "no interface here has this address; `ip address` lists them"},
    {"bind", ENOENT, "the folder of this path does not exist"},
    {"connect", ECONNREFUSED, "the host answered, but nobody listens there"},
    {"connect", ETIMEDOUT, "no answer at all: check the address, then the firewall"},
    {"connect", EHOSTUNREACH, "no route leads there, or a router says that the host is gone"},
    {"connect", ENETUNREACH, "this machine has no route there; `ip route` lists them"},
    {"connect", EADDRNOTAVAIL,
     "no local port is free for this destination; close connections, or use more addresses"},
    {"connect", ENOENT, "there is no socket at this path"},
    {"connect", EACCES, "the permissions of the path, or of a folder above, forbid it"},
    {"", EMFILE, "this process has no descriptor left; raise its limit (`ulimit -n`)"},
    {"", ENFILE, "the system has no descriptor left; raise fs.file-max"},
    {"", EAFNOSUPPORT, "this kernel has no such kind of address (is IPv6 switched off?)"},
    {"io_uring_setup", EPERM,
     "io_uring is forbidden here (sysctl kernel.io_uring_disabled, or the container's filter)"},
    {"io_uring_setup", ENOSYS, "this kernel has no io_uring, or a filter hides it"},
    {"io_uring_setup", EINVAL, "io_uring needs Linux 6.1 here"},
    {"io_uring_setup", ENOMEM, "locked memory is limited; raise it (`ulimit -l`)"},
};

}  // namespace

std::string_view hint_for(const Error& cause) {
    if (cause.is_deadline() && cause.call() == "connect") {
        return "no answer in time: check the address, then the firewall";
    }
    if (cause.cause() != Cause::system) return {};
    for (const Advice& advice : kAdvice) {
        const bool fits = advice.call.empty() || advice.call == cause.call();
        if (fits && advice.code == cause.code()) return advice.text;
    }
    return {};
}

std::string complaint(std::string_view goal, const Error& cause) {
    std::string text = "error: cannot " + std::string(goal);
    const std::string_view subject = cause.subject();
    const bool is_said = subject.empty() || goal.find(subject) != goal.npos;
    text += "\n  ";
    if (is_said) {
        text += std::string(cause.call()) + ": " + cause.reason();
    } else {
        text += cause.message();
    }
    if (const auto hint = hint_for(cause); !hint.empty()) text += "\n  hint: " + std::string(hint);
    return text;
}

}  // namespace fivetuple
