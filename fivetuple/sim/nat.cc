#include "fivetuple/sim/nat.h"

#include "fivetuple/os/internet_checksum.h"
#include "fivetuple/sim/ip/header.h"
#include "fivetuple/sim/ip/icmp.h"
#include "fivetuple/sim/world.h"

#include <algorithm>

namespace fivetuple::sim {
namespace {

enum class Side : std::uint8_t { source, destination };

constexpr std::uint8_t kFin = 0x01, kRst = 0x04, kAck = 0x10;

bool is_echo(IpProtocol protocol) {
    return protocol == IpProtocol::icmp || protocol == IpProtocol::icmpv6;
}

// Where the port of one side stands in the payload, and the checksum; of a ping, its identifier,
// which both of its ends call by one name.
std::size_t port_place(IpProtocol protocol, Side side) {
    if (is_echo(protocol)) return 4;
    return side == Side::source ? 0 : 2;
}
std::size_t checksum_place(IpProtocol protocol) {
    if (is_echo(protocol)) return 2;
    return protocol == IpProtocol::tcp ? 16 : 6;
}

// Nothing of what has no ports, or too few bytes for them.
std::optional<std::uint16_t> port_of(const IpView& view, Side side) {
    const IpProtocol protocol = view.header.protocol;
    const bool has_ports = protocol == IpProtocol::tcp || protocol == IpProtocol::udp;
    const std::size_t least = protocol == IpProtocol::tcp ? 20 : 8;
    if (view.payload.size() < least) return std::nullopt;
    if (is_echo(protocol)) {
        const auto type = std::to_integer<unsigned>(view.payload[0]);
        const bool v4 = protocol == IpProtocol::icmp;
        const unsigned request = v4 ? 8 : 128, reply = v4 ? 0 : 129;
        if (type != (side == Side::source ? request : reply)) return std::nullopt;
    } else if (!has_ports) {
        return std::nullopt;
    }
    return take_integer<std::uint16_t>(view.payload.subspan(port_place(protocol, side)));
}

// A host that is pinged has none.
std::uint16_t peer_port(const IpView& view, Side side) {
    return is_echo(view.header.protocol) ? std::uint16_t{0} : port_of(view, side).value_or(0);
}

void write_checksum(const IpHeader& header, MutableBytes payload) {
    const std::size_t place = checksum_place(header.protocol);
    // A UDP datagram may go without one, over IPv4.
    if (header.protocol == IpProtocol::udp && header.is_v4() &&
        take_integer<std::uint16_t>(payload.subspan(place)) == 0) {
        return;
    }
    put_integer<std::uint16_t>(payload.subspan(place), 0);
    InternetChecksum sum;
    if (header.protocol != IpProtocol::icmp) {
        sum.add_pseudo_header(header.source, header.destination,
                              static_cast<std::uint8_t>(header.protocol),
                              static_cast<std::uint32_t>(payload.size()));
    }
    sum.add(payload);
    std::uint16_t value = sum.value();
    if (value == 0 && header.protocol == IpProtocol::udp) value = 0xffff;
    put_integer<std::uint16_t>(payload.subspan(place), value);
}

// The same packet with another address and port on one side.
Packet rewritten(const IpHeader& header, Bytes payload, Side side, const SocketAddress& to,
                 bool has_checksum = true) {
    IpHeader changed = header;
    (side == Side::source ? changed.source : changed.destination) = to.ip();
    Packet packet = make_ip(changed, payload.size());
    const MutableBytes room = payload_of(packet, changed);
    std::ranges::copy(payload, room.begin());
    put_integer<std::uint16_t>(room.subspan(port_place(header.protocol, side)), to.port());
    if (has_checksum) write_checksum(changed, room);
    return packet;
}

}  // namespace

// --- Flows -------------------------------------------------------------------------------------

Duration Nat::patience(IpProtocol protocol, const Flow& flow) const {
    if (is_echo(protocol)) return options_.echo;
    if (protocol == IpProtocol::udp) return options_.udp;
    return flow.is_established && !flow.is_ending ? options_.tcp : options_.tcp_other;
}

bool Nat::is_over(IpProtocol protocol, const Flow& flow, Time now) const {
    return now - flow.used > patience(protocol, flow);
}

void Nat::forget(IpProtocol protocol, const Flow& flow) {
    ++counters_.forgotten;
    by_port_.erase({protocol, flow.inside.ip().is_v4(), flow.port});
    by_inside_.erase(Inside{protocol, flow.inside});  // And `flow` with it.
}

// A port that nobody has, or whose flow is over.
std::optional<std::uint16_t> Nat::free_port(IpProtocol protocol, bool v4, Time now) {
    const int count = options_.last_port - options_.first_port + 1;
    for (int tried = 0; tried < count; ++tried) {
        const std::uint16_t port = next_port_;
        next_port_ =
            port == options_.last_port ? options_.first_port : static_cast<std::uint16_t>(port + 1);
        const auto taken = by_port_.find({protocol, v4, port});
        if (taken == by_port_.end()) return port;
        const Flow& flow = by_inside_.at(taken->second);
        if (!is_over(protocol, flow, now)) continue;
        forget(protocol, flow);
        return port;
    }
    return std::nullopt;
}

Nat::Flow* Nat::flow_from(IpProtocol protocol, const SocketAddress& inside, Time now) {
    const Inside key{protocol, inside};
    if (const auto known = by_inside_.find(key); known != by_inside_.end()) {
        if (!is_over(protocol, known->second, now)) return &known->second;
        forget(protocol, known->second);
    }
    const bool v4 = inside.ip().is_v4();
    const auto port = free_port(protocol, v4, now);
    if (!port) return nullptr;
    ++counters_.opened;
    by_port_[{protocol, v4, *port}] = key;
    Flow& flow = by_inside_[key];
    flow.inside = inside;
    flow.port = *port;
    return &flow;
}

Nat::Flow* Nat::flow_to(IpProtocol protocol, bool v4, std::uint16_t port, Time now) {
    const auto known = by_port_.find({protocol, v4, port});
    if (known == by_port_.end()) return nullptr;
    Flow& flow = by_inside_.at(known->second);
    if (!is_over(protocol, flow, now)) return &flow;
    forget(protocol, flow);
    return nullptr;
}

void Nat::note(Flow& flow, const IpView& view, Time now) const {
    flow.used = now;
    if (view.header.protocol != IpProtocol::tcp) return;
    const auto flags = std::to_integer<std::uint8_t>(view.payload[13]);
    if ((flags & (kFin | kRst)) != 0) flow.is_ending = true;
    // What comes from outside and acknowledges has answered a SYN.
    if ((flags & kAck) != 0 && view.header.destination != flow.inside.ip() &&
        view.header.source != flow.inside.ip()) {
        flow.is_established = true;
    }
}

// --- Packets -----------------------------------------------------------------------------------

bool Nat::is_from_inside(const IpAddress& source) {
    return inside_.contains(world().way(*this, source));
}

void Nat::arrive(Packet packet, Time now) {
    auto view = read_ip(packet.bytes());
    if (view && view->header.is_fragment()) {
        // Only the first fragment has ports.
        reassembler_.expire(now);
        auto whole = reassembler_.add(*view, now);
        if (!whole) return;
        packet = *std::move(whole);
        view = read_ip(packet.bytes());
    }
    if (!view) {
        ++counters_.garbage;
        return;
    }
    const bool is_for_us =
        std::ranges::find(addresses(), view->header.destination) != addresses().end();
    if (is_from_inside(view->header.source)) {
        Cable* way = world().way(*this, view->header.destination);
        // Between two of the inside, and to the router itself, nothing is hidden.
        if (is_for_us || inside_.contains(way)) return Router::arrive(std::move(packet), now);
        return leave(packet, *view, now);
    }
    if (is_for_us) return enter(*view, now);
    ++counters_.unasked;  // To an address that means nothing out there.
}

void Nat::leave(Packet& packet, const IpView& view, Time now) {
    const IpHeader& header = view.header;
    const auto port = port_of(view, Side::source);
    const auto own = std::ranges::find_if(
        addresses(), [&](const IpAddress& each) { return each.is_v4() == header.is_v4(); });
    if (!port || own == addresses().end()) {
        ++counters_.garbage;
        return;
    }
    Cable* cable = way_on(packet, header, now);
    if (cable == nullptr) return;
    Flow* flow = flow_from(header.protocol, {header.source, *port}, now);
    if (flow == nullptr) {
        ++counters_.no_port;
        return;
    }
    note(*flow, view, now);
    flow->peers.insert({header.destination, peer_port(view, Side::destination)});
    IpHeader onward = header;
    --onward.hops;
    pass_on(*cable, rewritten(onward, view.payload, Side::source, {*own, flow->port}), now);
}

void Nat::enter(const IpView& view, Time now) {
    const IpHeader& header = view.header;
    if (enter_error(view, now)) return;
    const auto port = port_of(view, Side::destination);
    Flow* flow = port ? flow_to(header.protocol, header.is_v4(), *port, now) : nullptr;
    if (flow == nullptr ||
        (options_.filters &&
         !flow->peers.contains({header.source, peer_port(view, Side::source)}))) {
        ++counters_.unasked;
        return;
    }
    note(*flow, view, now);
    Router::arrive(rewritten(header, view.payload, Side::destination, flow->inside), now);
}

// An error about what somebody inside has sent: it is told of the packet as that one knows it.
bool Nat::enter_error(const IpView& view, Time now) {
    const auto error = read_icmp_error(view);
    if (!error) return false;
    const IpHeader& about = error->about;
    if (about.protocol != IpProtocol::tcp && about.protocol != IpProtocol::udp) return false;
    const auto port = take_integer<std::uint16_t>(error->about_payload);
    const Flow* flow = flow_to(about.protocol, about.is_v4(), port, now);
    if (flow == nullptr) return false;
    const Packet inner = rewritten(about, error->about_payload, Side::source, flow->inside, false);
    Router::arrive(make_icmp_error(error->reason, error->mtu, error->told_by, inner.bytes()), now);
    return true;
}

}  // namespace fivetuple::sim
