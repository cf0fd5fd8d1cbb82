#include "fivetuple/cli/glossary.h"

// Events of poll and epoll, flags of calls, families and types of sockets.
namespace fivetuple {
namespace {

constexpr Word kEvents[] = {
    {WordKind::event, "POLLIN", "EPOLLIN",
     "there is something to take: bytes, a connection, or the end of the stream",
     "read, or accept; after it the next call may still find nothing", "poll(2)"},
    {WordKind::event, "POLLOUT", "EPOLLOUT",
     "there is room to send; of a connect that goes on: it has ended, well or not",
     "ask for it only while there is something to send, or the loop spins", "poll(2)"},
    {WordKind::event, "POLLPRI", "EPOLLPRI", "urgent data of TCP, or a file's special event",
     "read it with MSG_OOB, or leave it", "poll(2)"},
    {WordKind::event, "POLLERR", "EPOLLERR",
     "an error is pending, or the error queue holds something; a pipe has lost its reader",
     "comes without being asked for: read SO_ERROR, or the error queue", "poll(2)"},
    {WordKind::event, "POLLHUP", "EPOLLHUP",
     "both directions have ended; a pipe has no writer left",
     "comes without being asked for, again and again: read what is left, then close", "poll(2)"},
    {WordKind::event, "POLLRDHUP", "EPOLLRDHUP",
     "the peer has closed, or shut down its writing side: no more will come than is there",
     "read to the end; writing may still work. `hang_up()` waits for it", "poll(2)"},
    {WordKind::event, "POLLNVAL", "", "the descriptor is not open",
     "a mistake of the program: it was closed while it was waited for", "poll(2)"},
    {WordKind::event, "EPOLLET", "",
     "edge-triggered: told once for each change, not for as long as there is something",
     "drain the socket each time, until EAGAIN, or the rest is never heard of", "epoll(7)"},
    {WordKind::event, "EPOLLONESHOT", "", "told once, then not until it is asked for again",
     "hand one socket to one thread at a time with it", "epoll_ctl(2)"},
    {WordKind::event, "EPOLLEXCLUSIVE", "", "wakes one of several that wait for one listener",
     "against a thundering herd; SO_REUSEPORT is the other way", "epoll_ctl(2)"},
    {WordKind::event, "EPOLLWAKEUP", "", "keeps the machine awake until the event is handled",
     "needs CAP_BLOCK_SUSPEND", "epoll_ctl(2)"},
};

constexpr Word kFlags[] = {
    {WordKind::flag, "MSG_DONTWAIT", "", "this call does not wait: EAGAIN in its place", "",
     "send(2), recv(2)"},
    {WordKind::flag, "MSG_NOSIGNAL", "", "no SIGPIPE where the peer has gone: EPIPE alone",
     "the library always sends with it", "send(2)"},
    {WordKind::flag, "MSG_PEEK", "", "looks at what has come and leaves it there",
     "the next receive gets it again", "recv(2)"},
    {WordKind::flag, "MSG_WAITALL", "", "waits until all of the buffer is filled",
     "a signal or the end can still cut it: read_exact() does not stop early", "recv(2)"},
    {WordKind::flag, "MSG_TRUNC", "",
     "the datagram was larger than the buffer; asked for: tell its true size",
     "the rest is lost: receive into more, or see Datagram::is_truncated()", "recv(2)"},
    {WordKind::flag, "MSG_CTRUNC", "", "control messages did not fit, and some are lost",
     "descriptors may be among them: the library makes an error of it and closes those that came",
     "recvmsg(2)"},
    {WordKind::flag, "MSG_ERRQUEUE", "", "takes from the socket's error queue",
     "failures of datagrams, times of sending, and the end of zero copy lie there", "recvmsg(2)"},
    {WordKind::flag, "MSG_OOB", "", "urgent data: one byte beside the stream", "leave it alone",
     "tcp(7)"},
    {WordKind::flag, "MSG_MORE", "", "more follows: do not send a part of a segment yet",
     "as Cork, for one call", "send(2)"},
    {WordKind::flag, "MSG_EOR", "", "ends a record, on sockets that have records", "", "send(2)"},
    {WordKind::flag, "MSG_DONTROUTE", "", "sends only to hosts on a link of ours", "", "send(2)"},
    {WordKind::flag, "MSG_CONFIRM", "",
     "tells the link that the neighbour has answered: no ARP is needed", "", "send(2)"},
    {WordKind::flag, "MSG_FASTOPEN", "", "sends data with the SYN", "needs `net.ipv4.tcp_fastopen`",
     "send(2), RFC 7413"},
    {WordKind::flag, "MSG_ZEROCOPY", "", "sends from the caller's memory without a copy",
     "the memory is the kernel's until the error queue tells its end; worth it from some 10 KiB on",
     "networking/msg_zerocopy"},
    {WordKind::flag, "MSG_CMSG_CLOEXEC", "", "descriptors that come are close-on-exec",
     "the library always receives with it", "recvmsg(2)"},
    {WordKind::flag, "MSG_WAITFORONE", "", "recvmmsg: waits for the first message only", "",
     "recvmmsg(2)"},
    {WordKind::flag, "SOCK_NONBLOCK", "O_NONBLOCK",
     "calls on the socket answer EAGAIN and do not wait", "", "socket(2)"},
    {WordKind::flag, "SOCK_CLOEXEC", "O_CLOEXEC FD_CLOEXEC",
     "programs that are started do not inherit the descriptor",
     "the library opens everything with it", "socket(2)"},
    {WordKind::flag, "SHUT_WR", "", "shutdown: nothing more will be sent; the peer reads the end",
     "shutdown_write()", "shutdown(2)"},
    {WordKind::flag, "SHUT_RD", "", "shutdown: nothing more will be read here",
     "the peer is not told", "shutdown(2)"},
    {WordKind::flag, "SHUT_RDWR", "", "shutdown of both directions; the descriptor stays open", "",
     "shutdown(2)"},
};

constexpr Word kFamilies[] = {
    {WordKind::family, "AF_INET", "PF_INET IPV4", "IPv4: 10.0.0.7:80", "TcpStream, UdpSocket",
     "ip(7)"},
    {WordKind::family, "AF_INET6", "PF_INET6 IPV6",
     "IPv6: [2001:db8::1]:80; a listener serves IPv4 as well unless V6Only is on",
     "link-local addresses need their interface: [fe80::1%eth0]:80", "ipv6(7)"},
    {WordKind::family, "AF_UNIX", "AF_LOCAL PF_UNIX",
     "within one machine: by a path, or by an abstract name (@name)",
     "UnixStream, UnixDatagram, UnixSeqpacket; a path obeys permissions, a name obeys none",
     "unix(7)"},
    {WordKind::family, "AF_NETLINK", "NETLINK", "messages to and from the kernel",
     "NetlinkSocket, NetlinkEvents", "netlink(7)"},
    {WordKind::family, "AF_PACKET", "", "frames of a network device, as they are",
     "needs CAP_NET_RAW", "packet(7)"},
    {WordKind::family, "AF_VSOCK", "VSOCK", "between a virtual machine and its host: cid and port",
     "needs the kernel's vsock modules", "vsock(7)"},
    {WordKind::family, "AF_XDP", "", "frames by rings shared with the kernel, past its stack",
     "needs CAP_NET_RAW and CAP_BPF", "networking/af_xdp"},
    {WordKind::family, "SOCK_STREAM", "", "bytes in order, without borders between messages",
     "put messages in frames: docs/framing.md", "socket(2)"},
    {WordKind::family, "SOCK_DGRAM", "", "messages, each by itself: UDP may lose or reorder them",
     "", "socket(2)"},
    {WordKind::family, "SOCK_SEQPACKET", "", "messages in order, on a connection",
     "of Unix sockets: UnixSeqpacket", "socket(2)"},
    {WordKind::family, "SOCK_RAW", "", "packets of a protocol of one's own", "needs CAP_NET_RAW",
     "raw(7)"},
    {WordKind::family, "IPPROTO_TCP", "TCP", "the protocol of streams", "", "tcp(7), RFC 9293"},
    {WordKind::family, "IPPROTO_UDP", "UDP", "the protocol of datagrams", "", "udp(7), RFC 768"},
    {WordKind::family, "IPPROTO_ICMP", "ICMP",
     "what hosts and routers tell each other: echoes, errors",
     "`ft ping`; without CAP_NET_RAW `net.ipv4.ping_group_range` decides", "icmp(7)"},
    {WordKind::family, "IPPROTO_MPTCP", "MPTCP", "TCP over several ways at once",
     "falls back to TCP where the peer or the kernel lacks it", "RFC 8684"},
    {WordKind::family, "IPPROTO_SCTP", "SCTP", "messages over several ways at once",
     "needs the kernel's sctp module", "sctp(7)"},
};

std::vector<Word> joined() {
    std::vector<Word> all(std::begin(kEvents), std::end(kEvents));
    all.insert(all.end(), std::begin(kFlags), std::end(kFlags));
    all.insert(all.end(), std::begin(kFamilies), std::end(kFamilies));
    return all;
}

}  // namespace

std::span<const Word> call_words() {
    static const std::vector<Word> all = joined();
    return all;
}

}  // namespace fivetuple
