#include "fivetuple/sim/stack/udp.h"

#include "fivetuple/os/ancillary.h"
#include "fivetuple/sim/stack/stack.h"
#include "fivetuple/sim/udp/datagram.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <utility>
#include <vector>

namespace fivetuple::sim {

// Where one datagram goes, and how.
struct StackUdp::Route {
    SocketAddress to;
    IpAddress from;  // Unspecified: the host's choice.
    std::uint8_t hops = 64;
    std::uint8_t traffic_class = 0;
    std::uint16_t segment = 0;  // More than 0: the bytes are many datagrams of this size.
};

StackUdp::StackUdp(Stack& stack, Family family)
    : stack_(stack), block_(family, *this), cookie_(stack.next_cookie()) {
    ++stack_.open_sockets_;
}

StackUdp::~StackUdp() {
    stack_.udp_.remove(block_);
    --stack_.open_sockets_;
}

// --- Names -----------------------------------------------------------------------------------

int StackUdp::bind(const SocketAddress& at) {
    if (!at.is_ip()) return -EAFNOSUPPORT;
    if (at.family() != block_.family()) {
        return block_.family() == Family::ipv6 ? -EINVAL : -EAFNOSUPPORT;
    }
    const IpAddress ip = at.ip();
    const bool may = ip.is_unspecified() || ip.is_multicast() || stack_.is_own(ip);
    if (!may) return -EADDRNOTAVAIL;
    return -stack_.udp_.bind(block_, at);
}

int StackUdp::connect(const SocketAddress& to, Time) {
    if (to.family() == Family::none) {
        stack_.udp_.disconnect(block_);
        return 0;
    }
    if (!to.is_ip()) return -EAFNOSUPPORT;
    if (to.family() == Family::ipv6 && block_.family() == Family::ipv4) return -EAFNOSUPPORT;
    SocketAddress peer = to;
    // To nobody is to this host.
    if (to.ip().is_unspecified()) {
        peer = SocketAddress(to.ip().is_v4() ? IpAddress::loopback_v4() : IpAddress::loopback_v6(),
                             to.port());
    }
    const auto source = stack_.source_for(peer.ip());
    if (!source) return -ENETUNREACH;
    const int error = stack_.udp_.connect(block_, peer, *source);
    if (error == 0) changed();
    return -error;
}

SocketAddress StackUdp::local_address() const {
    if (block_.is_bound()) return block_.local();
    const bool v4 = block_.family() == Family::ipv4;
    return {v4 ? IpAddress::any_v4() : IpAddress::any_v6(), 0};
}

int StackUdp::shutdown(int how, Time) {
    if (!block_.is_connected()) return -ENOTCONN;
    if (how != SHUT_WR) block_.reads_ended = true;
    if (how != SHUT_RD) block_.writes_ended = true;
    changed();
    return 0;
}

short StackUdp::events() const {
    short events = 0;
    if (block_.has_arrived() || block_.reads_ended) events |= POLLIN;
    if (block_.reads_ended) events |= POLLRDHUP;
    if (block_.reads_ended && block_.writes_ended) events |= POLLHUP;
    if (block_.has_error() || block_.has_failures()) events |= POLLERR;
    return static_cast<short>(events | POLLOUT);
}

// --- Sending ---------------------------------------------------------------------------------

int StackUdp::settle_route(const msghdr& message, Route& route) const {
    route.to = block_.peer();
    if (message.msg_name != nullptr && message.msg_namelen > 0) {
        const auto to = SocketAddress::from_raw(static_cast<const sockaddr*>(message.msg_name),
                                                message.msg_namelen);
        if (!to) return EINVAL;
        const bool fits = to->family() == block_.family() ||
                          (to->family() == Family::ipv4 && block_.family() == Family::ipv6);
        if (!to->is_ip() || !fits) return EAFNOSUPPORT;
        route.to = *to;
    }
    if (!route.to.is_ip()) return EDESTADDRREQ;
    if (route.to.port() == 0) return EINVAL;
    const IpAddress to = route.to.ip().unmapped();
    if (to.is_v4() && block_.family() == Family::ipv6 && block_.settings.v6_only) {
        return ENETUNREACH;
    }
    const bool to_all = to == IpAddress(IpAddress::V4Bytes{255, 255, 255, 255}) ||
                        to == IpAddress(IpAddress::V4Bytes{127, 255, 255, 255});
    if (to_all && !block_.settings.broadcast) return EACCES;
    route.hops = to.is_multicast() ? block_.settings.multicast_hops : block_.settings.hops;
    route.traffic_class = block_.settings.traffic_class;
    route.segment = segment_;
    if (block_.is_bound()) route.from = block_.local().ip().unmapped();
    return 0;
}

int StackUdp::read_control(const msghdr& message, Route& route) const {
    ControlReader reader({static_cast<const std::byte*>(message.msg_control),
                          static_cast<std::size_t>(message.msg_controllen)});
    ControlMessage said;
    while (reader.next(said)) {
        int number = 0;
        std::uint16_t segment = 0;
        DatagramDetails details;
        if (said.level == SOL_UDP && said.type == UDP_SEGMENT) {
            if (!said.read(segment)) return EINVAL;
            route.segment = segment;
        } else if (said.level == IPPROTO_IP && said.type == IP_TOS && said.read(number)) {
            route.traffic_class = static_cast<std::uint8_t>(number);
        } else if (said.level == IPPROTO_IP && said.type == IP_PKTINFO) {
            in_pktinfo info{};
            if (!said.read(info)) return EINVAL;
            IpAddress::V4Bytes from;
            std::memcpy(from.data(), &info.ipi_spec_dst, from.size());
            if (!IpAddress(from).is_unspecified()) route.from = IpAddress(from);
        } else if (details.read(said)) {
            if (details.ttl) route.hops = static_cast<std::uint8_t>(*details.ttl);
            if (details.tos) route.traffic_class = *details.tos;
            if (details.sent_to && !details.sent_to->is_unspecified())
                route.from = *details.sent_to;
        } else {
            return EINVAL;
        }
    }
    if (!route.from.is_unspecified() && !stack_.is_own(route.from)) {
        return route.from.is_multicast() ? 0 : EINVAL;
    }
    return reader.is_malformed() ? EINVAL : 0;
}

int StackUdp::send_one(const Route& route, Bytes datagram, Time now) {
    const IpAddress to = route.to.ip().unmapped();
    IpAddress from = route.from;
    if (from.is_unspecified() || from.is_multicast()) {
        const auto source = stack_.source_for(to);
        if (!source) return ENETUNREACH;
        from = *source;
    }
    if (from.is_v4() != to.is_v4()) return ENETUNREACH;
    const std::size_t most = to.is_v4() ? 65507 : 65527;
    if (datagram.size() > most) return EMSGSIZE;
    const std::size_t size = datagram.size() + kUdpHeaderSize + (to.is_v4() ? 20 : 40);
    const udp::MtuDiscovery discovery = block_.settings.discovery;
    const bool probes = discovery == udp::MtuDiscovery::probe;
    const std::size_t mtu = probes ? stack_.link_mtu(to) : stack_.path_mtu(to, now);
    const bool is_whole = probes || discovery == udp::MtuDiscovery::must;
    if (size > mtu && is_whole) {
        DatagramFailure failure;
        failure.code = EMSGSIZE;
        failure.origin = DatagramFailure::Origin::local;
        failure.mtu = static_cast<std::uint32_t>(mtu);
        failure.sent_to = route.to;
        if (block_.settings.report_failures) {
            block_.failed(failure, true);
            static_cast<void>(block_.take_error());  // This call tells it.
        }
        return EMSGSIZE;
    }
    const bool fits = size <= mtu && discovery != udp::MtuDiscovery::dont;
    const IpHeader header{.source = from,
                          .destination = to,
                          .protocol = IpProtocol::udp,
                          .hops = route.hops,
                          .traffic_class = route.traffic_class,
                          .may_fragment = to.is_v4() && !is_whole && !fits,
                          .identification = stack_.next_identification()};
    stack_.send(make_udp(header, block_.local().port(), route.to.port(), datagram), now,
                block_.settings.multicast_loop);
    return 0;
}

std::int64_t StackUdp::send(const msghdr& message, int, Time now) {
    if (block_.writes_ended) return -EPIPE;
    Route route;
    if (const int error = settle_route(message, route); error != 0) return -error;
    if (const int error = read_control(message, route); error != 0) return -error;
    if (const int error = block_.take_error(); error != 0) return -error;
    if (!block_.is_bound()) {
        const bool v4 = block_.family() == Family::ipv4;
        const IpAddress any = v4 ? IpAddress::any_v4() : IpAddress::any_v6();
        if (stack_.udp_.bind(block_, SocketAddress(any, 0)) != 0) return -EAGAIN;
    }
    std::vector<std::byte> bytes(size_of(message));
    if (bytes.size() > 65535) return -EMSGSIZE;
    gather(message, bytes);
    Bytes left = bytes;
    // As many datagrams as UDP_SEGMENT makes of it, else one, even an empty one.
    constexpr std::size_t kMostSegments = 128;
    if (route.segment > 0 && left.size() > route.segment * kMostSegments) return -EINVAL;
    do {
        const std::size_t size =
            route.segment > 0 ? std::min<std::size_t>(route.segment, left.size()) : left.size();
        if (const int error = send_one(route, left.first(size), now); error != 0) return -error;
        left = left.subspan(size);
    } while (!left.empty());
    if (tells_.sent) note_sent(now);
    return static_cast<std::int64_t>(bytes.size());
}

// --- Receiving -------------------------------------------------------------------------------

bool StackUdp::arrived(udp::Arrival arrival) {
    const bool kept = block_.deliver(std::move(arrival));
    if (kept) changed();
    return kept;
}

// The link takes it at once, so this is when it leaves.
void StackUdp::note_sent(Time now) {
    DatagramFailure note;
    note.sent = {.number = sends_++,
                 .at = WallTime(now.time_since_epoch() + stack_.options().wall_offset)};
    block_.note(note);
    changed();
}

void StackUdp::came_back(const DatagramFailure& failure, bool is_lasting) {
    block_.failed(failure, is_lasting);
    if (block_.has_error()) changed();
}

void StackUdp::write_control(msghdr& message, const udp::Arrival& arrival) const {
    ControlWriter control({static_cast<std::byte*>(message.msg_control),
                           static_cast<std::size_t>(message.msg_controllen)});
    const bool v6 = block_.family() == Family::ipv6;
    bool fits = true;
    if (tells_.time) {
        const auto wall = arrival.at.time_since_epoch() + stack_.options().wall_offset;
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wall);
        const timespec stamp{seconds.count(), (wall - seconds).count()};
        fits &= control.add_value(SOL_SOCKET, SO_TIMESTAMPNS, stamp);
    }
    if (tells_.drops) {
        fits &= control.add_value(SOL_SOCKET, SO_RXQ_OVFL,
                                  static_cast<std::uint32_t>(block_.dropped()));
    }
    if (tells_.packet_info && v6) {
        in6_pktinfo info{};
        const IpAddress::V6Bytes to = mapped(SocketAddress(arrival.to, 0)).ip().v6_bytes();
        std::memcpy(&info.ipi6_addr, to.data(), to.size());
        info.ipi6_ifindex = 1;
        fits &= control.add_value(IPPROTO_IPV6, IPV6_PKTINFO, info);
    } else if (tells_.packet_info) {
        in_pktinfo info{};
        const auto to = arrival.to.v4_bytes();
        std::memcpy(&info.ipi_addr, to.data(), to.size());
        std::memcpy(&info.ipi_spec_dst, to.data(), to.size());
        info.ipi_ifindex = 1;
        fits &= control.add_value(IPPROTO_IP, IP_PKTINFO, info);
    }
    if (tells_.hops) {
        fits &= control.add_value(v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_HOPLIMIT : IP_TTL,
                                  int{arrival.hops});
    }
    if (tells_.traffic_class && v6) {
        fits &= control.add_value(IPPROTO_IPV6, IPV6_TCLASS, int{arrival.traffic_class});
    } else if (tells_.traffic_class) {
        fits &= control.add_value(IPPROTO_IP, IP_TOS, arrival.traffic_class);
    }
    if (!fits) message.msg_flags |= MSG_CTRUNC;
    message.msg_controllen = control.written().size();
}

std::int64_t StackUdp::receive(msghdr& message, int flags, Time) {
    message.msg_flags = 0;
    if (const int error = block_.take_error(); error != 0) return -error;
    if (!block_.has_arrived()) {
        if (!block_.reads_ended) return -EAGAIN;
        message.msg_controllen = 0;
        message.msg_namelen = 0;
        return 0;
    }
    const udp::Arrival& arrival = block_.front();
    const Bytes payload = arrival.payload();
    const std::size_t moved = scatter(payload, message);
    if (moved < payload.size()) message.msg_flags |= MSG_TRUNC;
    set_name(message, block_.family() == Family::ipv6 ? mapped(arrival.from) : arrival.from);
    write_control(message, arrival);
    const std::size_t whole = payload.size();
    if ((flags & MSG_PEEK) == 0) static_cast<void>(block_.take());
    return static_cast<std::int64_t>((flags & MSG_TRUNC) != 0 ? whole : moved);
}

}  // namespace fivetuple::sim
