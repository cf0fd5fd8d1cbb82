#include "fivetuple/cli/glossary.h"

// Settings of the kernel that matter to sockets, and what things are called.
namespace fivetuple {
namespace {

constexpr Word kSettings[] = {
    {WordKind::setting, "net.core.somaxconn", "SOMAXCONN",
     "the most connections that may wait to be accepted at a listener, "
     "whatever listen() asked for",
     "raise it with the backlog where `ss -ltn` shows a full queue; 4096 by "
     "default",
     "listen(2)"},
    {WordKind::setting, "net.ipv4.tcp_max_syn_backlog", "",
     "how many half-open connections a listener remembers before it uses "
     "cookies",
     "", "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_syncookies", "",
     "answers a flood of SYNs without remembering them", "leave it on (1)",
     "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_abort_on_overflow", "",
     "resets connections that find the accept queue full, in place of letting "
     "them try again",
     "leave it off (0), and make the queue longer", "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_tw_reuse", "",
     "lets a connect take a port pair in TIME-WAIT after a second; 2, the "
     "default, on loopback only",
     "1 where local ports run out towards one destination; both ends need "
     "timestamps",
     "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_fin_timeout", "",
     "seconds that a socket nobody holds any more stays in FIN-WAIT-2",
     "60 is right", "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_max_tw_buckets", "",
     "the most sockets in TIME-WAIT; those beyond are ended at once", "",
     "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_max_orphans", "",
     "the most sockets that no program holds any more; those beyond are reset",
     "", "tcp(7)"},
    {WordKind::setting, "net.ipv4.ip_local_port_range", "",
     "the ports that connect() and port 0 choose from: 32768 to 60999",
     "widen it where EADDRNOTAVAIL comes; IP_LOCAL_PORT_RANGE does it for one "
     "socket",
     "ip(7)"},
    {WordKind::setting, "net.ipv4.ip_local_reserved_ports", "",
     "ports that are never chosen by themselves",
     "name those of your servers in the range", "ip(7)"},
    {WordKind::setting, "net.ipv4.ip_unprivileged_port_start", "",
     "ports below it need CAP_NET_BIND_SERVICE: 1024", "", "ip(7)"},
    {WordKind::setting, "net.ipv4.ip_nonlocal_bind", "",
     "lets bind() take addresses that no interface has",
     "FreeBind does it for one socket", "ip(7)"},
    {WordKind::setting, "net.ipv4.tcp_keepalive_time", "",
     "seconds of silence before the first probe: 7200",
     "KeepAliveIdle sets it for one connection", "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_syn_retries", "",
     "how often a SYN is sent again: 6, which makes two minutes",
     "SynRetries for one connection; `within()` bounds it in time", "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_retries2", "",
     "how often data is sent again before ETIMEDOUT: 15, some 15 minutes",
     "UserTimeout for one connection", "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_rmem", "tcp_rmem",
     "least, first and most bytes of a TCP receive buffer, for auto-tuning",
     "the last figure bounds throughput at a long distance", "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_wmem", "tcp_wmem",
     "least, first and most bytes of a TCP send buffer", "", "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_mem", "tcp_mem",
     "pages that all of TCP may use: at ease, under pressure, never more", "",
     "tcp(7)"},
    {WordKind::setting, "net.core.rmem_max", "",
     "the most that ReceiveBuffer may ask for; the kernel doubles it",
     "UDP servers that lose datagrams need more", "socket(7)"},
    {WordKind::setting, "net.core.wmem_max", "",
     "the most that SendBuffer may ask for", "", "socket(7)"},
    {WordKind::setting, "net.core.netdev_max_backlog", "",
     "packets that may wait between a device and the stack, for each processor",
     "", "proc(5)"},
    {WordKind::setting, "net.core.optmem_max", "",
     "bytes for control messages and zero copy, for each socket",
     "ENOBUFS of MSG_ZEROCOPY comes from here", "socket(7)"},
    {WordKind::setting, "net.core.default_qdisc", "",
     "the queueing discipline of new devices: pfifo_fast, or what the "
     "distribution chose",
     "fq paces what MaxPacingRate asks for", "tc(8)"},
    {WordKind::setting, "net.ipv4.tcp_congestion_control", "",
     "the congestion control of new connections",
     "CongestionControl for one connection", "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_fastopen", "",
     "1: connect with data; 2: accept it; 3: both", "", "tcp(7), RFC 7413"},
    {WordKind::setting, "net.ipv4.tcp_slow_start_after_idle", "",
     "begins slowly again after a pause",
     "0 for connections that pause and burst", "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_notsent_lowat", "",
     "bytes not yet sent below which a socket is writable",
     "NotSentLowWater for one connection", "tcp(7)"},
    {WordKind::setting, "net.ipv4.tcp_migrate_req", "",
     "connections queued at a listener that closes go to another of its "
     "SO_REUSEPORT group",
     "", "networking/ip-sysctl"},
    {WordKind::setting, "net.ipv4.ping_group_range", "",
     "the groups whose programs may ping without a privilege", "", "icmp(7)"},
    {WordKind::setting, "fs.file-max", "", "descriptors of the whole system",
     "ENFILE comes from here", "proc(5)"},
    {WordKind::setting, "fs.nr_open", "",
     "the most that a process's limit of descriptors can be",
     "EMFILE comes from that limit: `ulimit -n`", "proc(5)"},
    {WordKind::setting, "net.unix.max_dgram_qlen", "",
     "datagrams that may wait at a Unix socket before senders wait", "",
     "unix(7)"},
    {WordKind::setting, "kernel.io_uring_disabled", "",
     "0: everybody may use io_uring; 1: only with CAP_SYS_ADMIN or its group; "
     "2: nobody",
     "the loop takes epoll then, and says so: `ft backends`",
     "io_uring_setup(2)"},
};

constexpr Word kTerms[] = {
    {WordKind::term, "backend", "",
     "how a loop asks the kernel: io_uring, epoll, poll or select, behind one "
     "interface",
     "`ft backends` says which one is chosen and why; FT_BACKEND chooses", ""},
    {WordKind::term, "io_uring", "uring",
     "requests and results by two rings shared with the kernel: the best "
     "backend where it may be used",
     "needs Linux 6.1 here; `ft backends` says what forbids it", "io_uring(7)"},
    {WordKind::term, "epoll", "",
     "the kernel remembers what is waited for; cost grows with events", "",
     "epoll(7)"},
    {WordKind::term, "poll", "",
     "what is waited for is handed over each time; cost grows with it", "",
     "poll(2)"},
    {WordKind::term, "select", "", "as poll, for descriptors 0 to 1023 only",
     "", "select(2)"},
    {WordKind::term, "backlog", "accept-queue",
     "connections that wait to be accepted; listen() asks how many may, "
     "somaxconn bounds it",
     "backlog + 1 connect at once; the rest try again until there is room",
     "listen(2)"},
    {WordKind::term, "half-close", "half-open",
     "one direction has ended and the other goes on",
     "after shutdown_write() read to the end, then close", "shutdown(2)"},
    {WordKind::term, "deadline", "",
     "our own limit of time ran out (Cause::deadline); the kernel's own is "
     "ETIMEDOUT",
     "`within()` sets one, and all below it inherits it", ""},
    {WordKind::term, "cancelled", "",
     "somebody asked for it to end: a scope, a lost race, a closed listener "
     "(Cause::cancelled)",
     "what was cancelled may have happened all the same", ""},
    {WordKind::term, "limit", "",
     "more than a limit of the program allows: a frame, a path, select's "
     "descriptors (Cause::limit)",
     "raise the limit, or refuse the peer", ""},
    {WordKind::term, "malformed", "",
     "text or bytes that do not say what they should (Cause::malformed)", "",
     ""},
    {WordKind::term, "ended", "",
     "the peer finished before all that was needed had come (Cause::ended)",
     "the end where it may be is no error but a value", ""},
    {WordKind::term, "unsupported", "",
     "this kernel or backend does not have it (Cause::unsupported)",
     "the message says what is missing", ""},
    {WordKind::term, "lease", "",
     "bytes in a buffer that the backend lends, and that goes back by itself",
     "an idle connection owns no buffer", ""},
    {WordKind::term, "nagle", "",
     "small segments wait until all before them is acknowledged; with delayed "
     "ACK: 40 ms",
     "NoDelay, which TcpStream sets", "RFC 896"},
    {WordKind::term, "delayed-ack", "",
     "an acknowledgement waits up to 40 ms for data to go with",
     "QuickAck; better: write a message whole", "RFC 1122 4.2.3.2"},
    {WordKind::term, "zero-window", "",
     "the receiver's buffer is full, and the sender must wait: its program "
     "does not read",
     "bound the wait with a deadline; the peer's program must act",
     "RFC 9293 3.8.6"},
    {WordKind::term, "retransmission", "",
     "data sent again because its acknowledgement did not come",
     "`ss -ti` counts them: many mean a bad way, or a peer that has gone",
     "RFC 6298"},
    {WordKind::term, "orphan", "",
     "a TCP socket that no program holds, still sending its last bytes",
     "UserTimeout or `net.ipv4.tcp_orphan_retries` ends it", "tcp(7)"},
    {WordKind::term, "thundering-herd", "",
     "one event wakes all who wait for it, and one gets it",
     "a listener for each loop (reuse_port)", "epoll_ctl(2)"},
    {WordKind::term, "SIGPIPE", "",
     "the signal of writing where nobody reads: it would end the program",
     "never raised by this library: EPIPE comes alone", "signal(7)"},
    {WordKind::term, "ephemeral-port", "",
     "the local port that the kernel chooses for a connection",
     "`net.ipv4.ip_local_port_range`", "ip(7)"},
    {WordKind::term, "five-tuple", "five_tuple",
     "what a connection is: protocol, local address and port, peer address and "
     "port",
     "", ""},
};

std::vector<Word> joined() {
  std::vector<Word> all(std::begin(kSettings), std::end(kSettings));
  all.insert(all.end(), std::begin(kTerms), std::end(kTerms));
  return all;
}

} // namespace

std::span<const Word> system_words() {
  static const std::vector<Word> all = joined();
  return all;
}

} // namespace fivetuple
