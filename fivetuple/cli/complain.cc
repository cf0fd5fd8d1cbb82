#include "fivetuple/cli/complain.h"

#include <cerrno>

namespace fivetuple {
namespace {

// What sort of address a failure is about: the same errno can mean two things.
enum class About { any, ip, name };

struct Advice {
    About about;
    int code;
    std::string_view call;  // Empty: of any call.
    std::string_view text;
};

// One line for each mistake that people really make; the first that fits is given.
constexpr Advice kAdvice[] = {
    {About::ip, EADDRINUSE, "bind",
     "another socket holds this address; `ss -ltnp` shows whose it is"},
    {About::name, EADDRINUSE, "bind",
     "the name is taken: `ss -lxp` shows whose socket has it, `ls -l` what else"},
    {About::any, EADDRINUSE, "listen",
     "another socket listens there; `ss -ltnp` shows whose it is"},
    {About::ip, EACCES, "bind", "ports below 1024 need CAP_NET_BIND_SERVICE; take a higher port"},
    {About::name, EACCES, "bind", "the permissions of its folder, or of one above, forbid it"},
    {About::any, EADDRNOTAVAIL, "bind",
     "no interface here has this address; `ip address` lists them"},
    {About::any, ENOENT, "bind", "the folder of this path does not exist"},
    {About::ip, ECONNREFUSED, "connect", "the host answered, but nobody listens there"},
    {About::name, ECONNREFUSED, "connect",
     "nobody listens there; a program that has ended may have left it"},
    {About::any, ETIMEDOUT, "connect", "no answer at all: check the address, then the firewall"},
    {About::any, EHOSTUNREACH, "connect",
     "no route leads there, or a router says that the host is gone"},
    {About::any, ENETUNREACH, "connect", "this machine has no route there; `ip route` lists them"},
    {About::any, EADDRNOTAVAIL, "connect",
     "no local port is free for this destination; close connections, or use more addresses"},
    {About::any, ENOENT, "connect", "there is no socket at this path"},
    {About::any, EPROTOTYPE, "connect",
     "the socket there is of another type, for datagrams perhaps"},
    {About::ip, EACCES, "connect",
     "a route or a firewall rule of this machine forbids it; see `ip route`"},
    {About::name, EACCES, "connect",
     "the permissions of the path, or of a folder above, forbid it"},
    {About::ip, EPERM, "connect", "a firewall rule of this machine forbids it"},
    {About::ip, EINVAL, "connect",
     "nothing can be sent there: a `blackhole` route (`ip route`), or a link-local address that "
     "needs its interface, as in [fe80::1%eth0]:80"},
    {About::any, EPERM, "socket",
     "be root, or give the program the right: `setcap cap_net_raw+ep PROGRAM`; pinging alone is "
     "allowed to all by net.ipv4.ping_group_range=\"0 2147483647\""},
    {About::any, EMFILE, "", "this process has no descriptor left; raise its limit (`ulimit -n`)"},
    {About::any, ENFILE, "", "the system has no descriptor left; raise fs.file-max"},
    {About::any, EAFNOSUPPORT, "",
     "this kernel has no such kind of address (is IPv6 switched off?)"},
    {About::any, EPERM, "io_uring_setup",
     "io_uring is forbidden here (sysctl kernel.io_uring_disabled, or the container's filter)"},
    {About::any, ENOSYS, "io_uring_setup", "this kernel has no io_uring, or a filter hides it"},
    {About::any, EINVAL, "io_uring_setup", "io_uring needs Linux 6.1 here"},
    {About::any, ENOMEM, "io_uring_setup", "locked memory is limited; raise it (`ulimit -l`)"},
};

bool fits(const Advice& advice, const Error& cause) {
    if (advice.code != cause.code()) return false;
    if (!advice.call.empty() && advice.call != cause.call()) return false;
    if (advice.about == About::any) return true;
    return (advice.about == About::name) == cause.subject().starts_with("unix:");
}

}  // namespace

std::string_view hint_for(const Error& cause) {
    if (cause.is_deadline() && cause.call() == "connect") {
        return "no answer in time: check the address, then the firewall";
    }
    if (cause.cause() != Cause::system) return {};
    for (const Advice& advice : kAdvice) {
        if (fits(advice, cause)) return advice.text;
    }
    return {};
}

std::vector<Hint> hints_about(int code) {
    std::vector<Hint> hints;
    for (const Advice& each : kAdvice) {
        if (each.code != code) continue;
        const std::string_view about = each.about == About::ip     ? "of an address"
                                       : each.about == About::name ? "of a path"
                                                                   : "";
        hints.push_back({each.call, about, each.text});
    }
    return hints;
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
