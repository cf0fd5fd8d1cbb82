#include "fivetuple/cli/errno_cases.h"

#include "fivetuple/cli/errno_names.h"

#include <cerrno>

namespace fivetuple {
namespace {

constexpr ErrnoCase kCases[] = {
    // --- Opening, binding, listening, setting options ---
    {EACCES, Stage::opening, "bind",
     "the port is below 1024 (`net.ipv4.ip_unprivileged_port_start`) and the process lacks "
     "CAP_NET_BIND_SERVICE; for a path, a folder's permissions forbid it",
     "take a higher port, or grant the capability; for a path, look at its folders with `namei "
     "-l`"},
    {EADDRINUSE, Stage::opening, "",
     "another socket holds the address; for a path, something stands there; from connect with a "
     "source address, its port is taken",
     "see whose it is with `ss -ltnp`. A server that restarts is not stopped by its own old "
     "connections: SO_REUSEADDR is set"},
    {EADDRNOTAVAIL, Stage::opening, "bind", "no interface here has the address",
     "`ip address` lists those there are; `0.0.0.0` or `*` is every one"},
    {EAFNOSUPPORT, Stage::opening, "", "this kernel has no such kind of address",
     "is IPv6 switched off (`net.ipv6.conf.all.disable_ipv6`)? Else the kernel was built without "
     "it, or its module is missing"},
    {EPROTONOSUPPORT, Stage::opening, "", "this kernel has no such protocol in this family",
     "a module may be missing: `modprobe sctp`, for one; MPTCP falls back to TCP"},
    {ESOCKTNOSUPPORT, Stage::opening, "", "this family has no sockets of this type",
     "ask for another type: a protocol is of streams, of datagrams, or raw"},
    {EPFNOSUPPORT, Stage::opening, "", "this kernel does not know this family of protocols",
     "as EAFNOSUPPORT"},
    {EOPNOTSUPP, Stage::opening, "",
     "this kind of socket cannot do that: listening on datagrams, for one",
     "a mistake of the program: `ft options` says which option is for which socket"},
    {ENOPROTOOPT, Stage::opening, "setsockopt",
     "this kind of socket, or this kernel, has no such option",
     "`ft options NAME` says which sockets have it, and since which Linux"},
    {EINVAL, Stage::opening, "",
     "an argument is out of range; or the socket is bound already; from accept, it does not listen",
     "a mistake of the program, mostly: look at what was passed"},
    {EPERM, Stage::opening, "",
     "this needs a privilege: raw and packet sockets, marks, forced buffers and the like",
     "give the process the capability that the option or the kind of socket names (CAP_NET_RAW, "
     "CAP_NET_ADMIN)"},
    {ENOENT, Stage::opening, "bind", "the folder of a path does not exist",
     "make the folder first"},
    {ENOTDIR, Stage::opening, "bind", "a part of the path that should be a folder is none",
     "correct the path"},
    {ENAMETOOLONG, Stage::opening, "",
     "a path is too long for the system; one of more than 107 bytes is refused before, as `limit`",
     "take a shorter path, or an abstract name"},
    {EROFS, Stage::opening, "bind", "the path's file system cannot be written",
     "take a path elsewhere: /run is for sockets"},
    {ELOOP, Stage::opening, "", "the path's links lead in a circle", "correct the links"},
    {ENODEV, Stage::opening, "", "there is no interface of this name or number",
     "`ip link` lists those there are"},
    {ENOSPC, Stage::opening, "bind", "the path's file system is full",
     "make room, or take another"},
    {EDOM, Stage::opening, "setsockopt", "a time is out of the range that the kernel takes",
     "times of sockets are below 2^31 of the kernel's ticks"},
    {ENOTSOCK, Stage::opening, "", "the descriptor is of a file or a pipe, not of a socket",
     "a mistake of the program; of a service, the manager passed something else than a socket"},
    // --- Connecting ---
    {ECONNREFUSED, Stage::connecting, "",
     "the host answered that nobody listens; for a path, its server has gone and left the file. "
     "Also given where the kernel had connected the socket to itself",
     "start the server; try again later, not at once"},
    {ETIMEDOUT, Stage::connecting, "", "no answer at all, after the kernel's two minutes",
     "bound it with `within(5s, ...)`; check address and firewall"},
    {EHOSTUNREACH, Stage::connecting, "",
     "no route leads there, a router says that the host is gone, or nobody on the link has the "
     "address",
     "check the address; `ip route get ADDRESS` tells the way, `ip neighbour` who answered"},
    {ENETUNREACH, Stage::connecting, "", "this machine has no route to that network",
     "`ip route` lists them: is there a default route, and is there one for IPv6?"},
    {ENETDOWN, Stage::connecting, "", "the interface is down", "`ip link set NAME up`"},
    {EHOSTDOWN, Stage::connecting, "", "the host is known to be down",
     "wait for it; TCP gives EHOSTUNREACH in its place"},
    {ENONET, Stage::connecting, "", "the machine is on no network", "bring an interface up"},
    {ENETRESET, Stage::connecting, "", "the network dropped the connection while it was made",
     "try again"},
    {EADDRNOTAVAIL, Stage::connecting, "connect", "no local port is left for this destination",
     "reuse connections; use more source addresses; widen `net.ipv4.ip_local_port_range`"},
    {EINPROGRESS, Stage::connecting, "", "the connect goes on",
     "never seen above `os`: it is waited for"},
    {EALREADY, Stage::connecting, "", "an earlier connect of this socket still goes on",
     "never seen above `os`: it is waited for"},
    {EISCONN, Stage::connecting, "", "the socket is connected already",
     "a mistake of the program: take another socket for another peer"},
    {EPROTOTYPE, Stage::connecting, "", "the Unix socket there is of another type",
     "streams, datagrams and messages in order do not mix: `ss -xl` shows which it is"},
    {EPERM, Stage::connecting, "", "a rule of this machine's firewall forbids it",
     "`nft list ruleset`, or `iptables -L OUTPUT`"},
    {EACCES, Stage::connecting, "",
     "a route (`prohibit`) or a rule forbids it; for a path, its permissions do; for a broadcast "
     "address, SO_BROADCAST is off",
     "`ip route get ADDRESS`; for a path, look at it with `namei -l`"},
    {EAGAIN, Stage::connecting, "", "the queue of a Unix listener is full",
     "never seen above `transport`: tried again until the deadline"},
    {EINVAL, Stage::connecting, "",
     "nothing can be sent there: a `blackhole` route, or a link-local address without its "
     "interface",
     "write [fe80::1%eth0]:80 for a link-local address"},
    {ENOENT, Stage::connecting, "", "there is no socket at the path", "start the server first"},
    // --- Accepting ---
    {EMFILE, Stage::accepting, "",
     "this process has no descriptor left; on select, none below 1024",
     "the listener is well: wait and accept again, as `Patience` does; raise the limit (`ulimit "
     "-n`, `raise_descriptor_limit()`); look for a leak with `ls /proc/PID/fd`"},
    {ENFILE, Stage::accepting, "", "the system has no descriptor left", "as EMFILE; `fs.file-max`"},
    {ENOBUFS, Stage::accepting, "", "the kernel has no memory for it now",
     "as EMFILE: `is_shortage()` is true for these four"},
    {ENOMEM, Stage::accepting, "", "the kernel has no memory for it now",
     "as EMFILE: `is_shortage()` is true for these four"},
    {ECONNABORTED, Stage::accepting, "", "the connection broke while it was queued",
     "passed over by the library; an error only after sixteen in a row"},
    {EPROTO, Stage::accepting, "", "the protocol failed while the connection was queued",
     "passed over by the library; an error only after sixteen in a row"},
    // --- Reading and writing ---
    {ECONNRESET, Stage::moving, "",
     "the peer threw the connection away: it crashed, closed with data unread, or meant it",
     "what was not confirmed by the protocol above may not have arrived: connect again, and repeat "
     "only what may happen twice"},
    {EPIPE, Stage::moving, "", "we write, and the peer has gone or we have shut down writing",
     "as ECONNRESET. SIGPIPE is never raised"},
    {ETIMEDOUT, Stage::moving, "",
     "the peer has not acknowledged for too long (`UserTimeout`), or has not answered probes "
     "(`KeepAlive`)",
     "the peer or the way to it is gone: connect again"},
    {ECONNABORTED, Stage::moving, "", "this machine ended the connection: an administrator did",
     "connect again; `ss -K` does this"},
    {ENOTCONN, Stage::moving, "", "the socket is not connected, or not any more",
     "connect first; from `peer_address()`, the peer has gone meanwhile"},
    {ESHUTDOWN, Stage::moving, "", "the socket was shut down for this direction",
     "a mistake of the program: nothing can be sent after shutdown_write()"},
    {EAGAIN, Stage::moving, "", "nothing to read or no room to write at this moment",
     "never seen: it is waited for"},
    {EINTR, Stage::moving, "", "a signal came",
     "never seen: the call is made again, with the same deadline"},
    {ENOBUFS, Stage::moving, "", "the kernel has no memory for it now",
     "passing: try later, or give the connection up. Of netlink's events: some were lost, list "
     "again"},
    {ENOMEM, Stage::moving, "", "the kernel has no memory for it now",
     "passing: try later, or give the connection up"},
    {EMSGSIZE, Stage::moving, "",
     "a datagram is too large for its way, or for the buffer that it was to be received into",
     "send smaller ones (`ft options IP_MTU` tells how large), or receive into 65,535 bytes"},
    {EHOSTUNREACH, Stage::moving, "", "a router said in mid-connection that the host is gone",
     "for TCP a soft error: reported only if the connection dies of it"},
    {ENETUNREACH, Stage::moving, "", "a route went away, or a router said so in mid-connection",
     "for TCP a soft error: reported only if the connection dies of it"},
    {ECONNREFUSED, Stage::moving, "", "an earlier datagram found nobody listening",
     "the socket is well: go on. `take_failure()` tells which datagram"},
    {EPERM, Stage::moving, "", "a rule of this machine's firewall drops what is sent",
     "`nft list ruleset`, or `iptables -L OUTPUT`"},
    {EACCES, Stage::moving, "", "a datagram to a broadcast address, and SO_BROADCAST is off",
     "set `Broadcast`"},
    {EBADF, Stage::moving, "", "the descriptor, stream or handle has been closed",
     "a mistake of the program"},
    {EFAULT, Stage::moving, "", "memory that is not there was passed", "a mistake of the program"},
    {EDESTADDRREQ, Stage::moving, "", "a datagram without an address on a socket without a peer",
     "a mistake of the program: `send_to()`, or connect first"},
    {EISCONN, Stage::moving, "", "an address was given on a socket that has a peer",
     "a mistake of the program: `send()` goes to the peer"},
    {ETOOMANYREFS, Stage::moving, "", "too many passed descriptors are under way",
     "passing: the peers must take some; RLIMIT_NOFILE bounds it"},
    {ENOSPC, Stage::moving, "", "a file or a limit behind the socket is full",
     "make room; with zero copy, `net.core.optmem_max`"},
    {EIO, Stage::moving, "", "the device failed, or cannot do what was asked (GSO checksums)",
     "the library sends one by one where joining fails"},
    {EBADMSG, Stage::moving, "", "what came does not pass its check (kernel TLS, for one)",
     "give the connection up: it was damaged, or is somebody else's"},
    {EPROTO, Stage::moving, "", "the peer broke the rules of the protocol",
     "give the connection up"},
    {ECANCELED, Stage::moving, "", "the operation was cancelled before it was done",
     "never seen: it is told as `Cause::cancelled` or `Cause::deadline`"},
    {EOVERFLOW, Stage::moving, "", "a size does not fit into the number that carries it",
     "a mistake of the program: cut what is moved into parts"},
    {ENODEV, Stage::moving, "", "the interface that was named has gone", "`ip link` lists them"},
    {ENXIO, Stage::moving, "", "the device or address is not there", "`ip link` lists them"},
    // --- Asking the kernel about the network ---
    {EEXIST, Stage::asking, "", "there is one already: a link, an address, a route",
     "`replace()` in the place of `add()`, where it may be"},
    {ESRCH, Stage::asking, "", "there is no such route or process", "list what there is"},
    {EBUSY, Stage::asking, "", "it is in use: a link that is up, a list that is still being read",
     "take the link down first"},
    {EPERM, Stage::asking, "", "changing the network needs CAP_NET_ADMIN",
     "run as root, or in a network namespace of your own (`unshare -rn`)"},
    {EOPNOTSUPP, Stage::asking, "",
     "this kernel has no such kind of link, or cannot do this with it",
     "a module may be missing; the error says more in the kernel's words"},
    {ERANGE, Stage::asking, "", "a number is out of the range that this attribute has",
     "the error tells the place in the request"},
    {ENOPKG, Stage::asking, "", "a part that this needs is not in this kernel",
     "a module may be missing"},
    // --- io_uring's setup ---
    {EPERM, Stage::uring, "", "forbidden: `kernel.io_uring_disabled`, or a container's filter",
     "the next backend is taken; allow it or live with epoll"},
    {ENOSYS, Stage::uring, "", "the kernel has no io_uring, or a filter hides it",
     "the next backend is taken"},
    {EINVAL, Stage::uring, "", "the kernel is older than Linux 6.1", "the next backend is taken"},
    {ENOMEM, Stage::uring, "", "locked memory is limited", "`ulimit -l`"},
    {EOPNOTSUPP, Stage::uring, "", "a sandbox answers so", "the next backend is taken"},
    {ETIME, Stage::uring, "", "a wait of io_uring ended because its time was over",
     "never seen: it is how a turn of the loop ends"},
};

std::string_view heading(Stage stage) {
    switch (stage) {
        case Stage::opening:
            return "While opening, binding and listening";
        case Stage::connecting:
            return "While connecting";
        case Stage::accepting:
            return "While accepting";
        case Stage::moving:
            return "While reading and writing";
        case Stage::asking:
            return "While asking the kernel about the network";
        case Stage::uring:
            return "From io_uring's setup";
    }
    return "";
}

}  // namespace

std::string_view stage_text(Stage stage) {
    switch (stage) {
        case Stage::opening:
            return "while opening, binding and listening";
        case Stage::connecting:
            return "while connecting";
        case Stage::accepting:
            return "while accepting";
        case Stage::moving:
            return "while reading and writing";
        case Stage::asking:
            return "while asking about the network";
        case Stage::uring:
            return "while setting io_uring up";
    }
    return "";
}

std::string_view stage_manual(Stage stage) {
    switch (stage) {
        case Stage::opening:
            return "socket(2), bind(2), setsockopt(2)";
        case Stage::connecting:
            return "connect(2)";
        case Stage::accepting:
            return "accept(2)";
        case Stage::moving:
            return "send(2), recv(2)";
        case Stage::asking:
            return "netlink(7), rtnetlink(7)";
        case Stage::uring:
            return "io_uring_setup(2)";
    }
    return "";
}

std::span<const ErrnoCase> errno_cases() { return kCases; }

std::string errno_markdown() {
    std::string text;
    for (const Stage stage : kStages) {
        text += (text.empty() ? "### " : "\n### ") + std::string(heading(stage)) + "\n\n";
        text += "| errno | what it means | what to do |\n|---|---|---|\n";
        for (const ErrnoCase& each : kCases) {
            if (each.stage != stage) continue;
            text += "| " + std::string(errno_name(each.code)->name);
            if (!each.from.empty()) text += ", from " + std::string(each.from);
            text += " | " + std::string(each.meaning) + " | " + std::string(each.remedy) + " |\n";
        }
    }
    return text;
}

}  // namespace fivetuple
