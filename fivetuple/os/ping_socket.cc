#include "fivetuple/os/ping_socket.h"

#include "fivetuple/os/options.h"
#include "fivetuple/os/raw_options.h"
#include "fivetuple/os/raw_socket.h"

#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <cerrno>
#include <ctime>

namespace fivetuple {
namespace {

// What fits into a packet beside the headers of IP and of ICMP.
constexpr std::size_t kMostPayload = 65535 - 20 - 8;

Error not_allowed() {
    return Error::system(EPERM, "socket")
        .about("ICMP")
        .because(
            "neither raw sockets (CAP_NET_RAW) nor ping sockets "
            "(net.ipv4.ping_group_range) are allowed here");
}

Result<PingSocket> open_either(const IpAddress& to) {
    const int domain = to.is_v4() ? AF_INET : AF_INET6;
    const int protocol = to.is_v4() ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
    constexpr int kFlags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    PingSocket opened;
    Fd fd(::socket(domain, SOCK_DGRAM | kFlags, protocol));
    if (fd) {
        opened.because = "net.ipv4.ping_group_range has this process's group";
        opened.socket = Socket(std::move(fd));
        return opened;
    }
    const int refusal = errno;
    if (refusal == EMFILE || refusal == ENFILE || refusal == ENOBUFS || refusal == ENOMEM) {
        return std::unexpected(Error::system(refusal, "socket").about("ICMP"));
    }
    fd = Fd(::socket(domain, SOCK_RAW | kFlags, protocol));
    if (!fd) {
        if (errno == EPERM || errno == EACCES) return std::unexpected(not_allowed());
        return std::unexpected(Error::system(errno, "socket").about("ICMP"));
    }
    opened.means = PingMeans::raw_socket;
    opened.because = "a ping socket is refused: " + Error::system(refusal, "").reason();
    opened.socket = Socket(std::move(fd));
    return opened;
}

// Which messages come, and what is told of them.
Result<void> prepare(PingSocket& opened, const IpAddress& to, const PingOptions& options) {
    const bool v6 = to.is_v6();
    const Family family = v6 ? Family::ipv6 : Family::ipv4;
    Socket& socket = opened.socket;
    if (opened.means == PingMeans::raw_socket) {
        if (v6) FT_TRY_VOID(set(socket, Icmpv6Filter::only({129})));
        if (!v6) FT_TRY_VOID(set(socket, IcmpFilter::only({0})));
    }
    constexpr TellDetails kTell{.ttl = true, .received_at = true};
    FT_TRY_VOID(switch_on(OptionAccess(socket), family, kTell));
    if (v6) FT_TRY_VOID(set(socket, V6ReceiveErrors{}));
    if (!v6) FT_TRY_VOID(set(socket, ReceiveErrors{}));
    if (options.ttl) {
        if (v6) FT_TRY_VOID(set(socket, V6UnicastHops{{*options.ttl}}));
        if (!v6) FT_TRY_VOID(set(socket, TimeToLive{{*options.ttl}}));
    }
    if (options.from && options.from->is_v6() != v6) {
        return std::unexpected(
            Error::malformed("bind", "it is of another family than " + to.to_string())
                .about(options.from->to_string()));
    }
    // A ping socket gets its identifier by being bound.
    const IpAddress any = v6 ? IpAddress::any_v6() : IpAddress::any_v4();
    return socket.bind(SocketAddress(options.from.value_or(any), 0));
}

std::uint64_t by_chance() {
    std::uint64_t number = 0;
    const bool is_had =
        ::getrandom(&number, sizeof number, GRND_NONBLOCK) == static_cast<ssize_t>(sizeof number);
    // Early after the start of a machine there may be none.
    return is_had ? number : static_cast<std::uint64_t>(wall_now().time_since_epoch().count());
}

}  // namespace

WallTime wall_now() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return WallTime(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

bool is_of_a_probe(const Error& error) {
    switch (error.cause() == Cause::system ? error.code() : 0) {
        case ECONNREFUSED:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EHOSTDOWN:
        case ENOPROTOOPT:
        case EPROTO:
        case EOPNOTSUPP:
        case EACCES:
        case EMSGSIZE:
        case ENONET:
            return true;
        default:
            return false;
    }
}

Result<PingSocket> open_ping_socket(const IpAddress& to, const PingOptions& options) {
    if (options.size > kMostPayload) {
        return std::unexpected(
            Error::limit("ping", "a packet carries 65507 bytes of payload at most"));
    }
    if (options.ttl && (*options.ttl < 1 || *options.ttl > 255)) {
        return std::unexpected(Error::system(EINVAL, "ping")
                                   .because("a packet may pass 1 to 255 routers, not " +
                                            std::to_string(*options.ttl)));
    }
    FT_TRY(PingSocket opened, open_either(to));
    FT_TRY_VOID(prepare(opened, to, options));
    opened.mark = by_chance();
    opened.identifier = static_cast<std::uint16_t>(by_chance());
    if (opened.means == PingMeans::ping_socket) {
        FT_TRY(const SocketAddress local, opened.socket.local_address());
        opened.identifier = local.port();
    }
    return opened;
}

}  // namespace fivetuple
