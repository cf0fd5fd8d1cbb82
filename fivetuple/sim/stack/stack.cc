#include "fivetuple/sim/stack/stack.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/base/random.h"
#include "fivetuple/sim/stack/tcp.h"
#include "fivetuple/sim/stack/udp.h"
#include "fivetuple/sim/udp/datagram.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fivetuple::sim {
namespace {

// What Linux makes of an ICMP error, and whether a connected socket is told without having asked.
struct Meaning {
    int code;
    bool is_lasting;
};
Meaning meaning_of(IcmpReason reason) {
    switch (reason) {
        case IcmpReason::no_route:
            return {ENETUNREACH, false};
        case IcmpReason::no_host:
            return {EHOSTUNREACH, false};
        case IcmpReason::no_protocol:
            return {ENOPROTOOPT, true};
        case IcmpReason::no_port:
            return {ECONNREFUSED, true};
        case IcmpReason::prohibited:
            return {EHOSTUNREACH, true};
        case IcmpReason::too_big:
            return {EMSGSIZE, true};
        case IcmpReason::out_of_hops:
        case IcmpReason::out_of_time:
        case IcmpReason::other:
            break;
    }
    return {EHOSTUNREACH, false};
}

// TCP counts sizes in 16 bits.
std::uint16_t tcp_mtu(std::size_t mtu) {
    return static_cast<std::uint16_t>(std::min<std::size_t>(mtu, 65'535));
}

}  // namespace

Stack::Stack(const StackOptions& options)
    : options_(options),
      udp_(Random(options.seed ^ 0x7564'70)),
      tcp_(options_.tcp, Random(options.seed ^ 0x7463'70), tcp_mtu(options.mtu)) {
    Random random(options.seed ^ 0x6970);
    identification_ = static_cast<std::uint16_t>(random.next());
    fragment_identification_ = static_cast<std::uint32_t>(random.next());
}

Stack::~Stack() { FT_ASSERT(open_sockets_ == 0, "a socket outlives its host's stack"); }

void Stack::set_mtu(std::size_t mtu) {
    options_.mtu = mtu;
    tcp_.set_mtu(tcp_mtu(mtu));
}

bool Stack::is_own(const IpAddress& address) const {
    const IpAddress plain = address.unmapped();
    if (plain.is_loopback()) return true;
    return std::ranges::find(options_.addresses, plain) != options_.addresses.end();
}

std::optional<IpAddress> Stack::source_for(const IpAddress& to) const {
    const IpAddress plain = to.unmapped();
    if (is_own(plain)) return plain;
    for (const IpAddress& own : options_.addresses) {
        if (own.is_v4() == plain.is_v4()) return own;
    }
    return std::nullopt;
}

std::size_t Stack::link_mtu(const IpAddress& to) const {
    return is_own(to) ? options_.loopback_mtu : options_.mtu;
}

std::size_t Stack::path_mtu(const IpAddress& to, Time now) const {
    return paths_.mtu(to.unmapped(), link_mtu(to), now);
}

// --- Out -------------------------------------------------------------------------------------

void Stack::send(Packet packet, Time now, bool loops) {
    const auto view = read_ip(packet.bytes());
    FT_ASSERT(view.has_value(), "a host sends packets only");
    send(std::move(packet), view->header, now, loops);
}

void Stack::send(Packet packet, const IpHeader& header, Time now, bool loops) {
    const bool to_us = is_own(header.destination);
    const bool to_many = !to_us && is_for_us(header.destination);
    std::size_t mtu = path_mtu(header.destination, now);
    // Only who asked for whole packets, and was refused, knows that they do not pass.
    if (header.is_v4() && !header.may_fragment) mtu = std::max(mtu, packet.size());
    if (packet.size() <= mtu && !to_many) {
        ++counters_.packets_out;
        (to_us ? own_ : out_).push_back(std::move(packet));
        return;
    }
    for (Packet& part : fragment(std::move(packet), mtu, ++fragment_identification_)) {
        ++counters_.packets_out;
        if (to_many && loops) own_.push_back(Packet::copy_of(part.bytes()));
        (to_us ? own_ : out_).push_back(std::move(part));
    }
}

std::optional<Packet> Stack::output() {
    if (out_.empty()) return std::nullopt;
    return out_.take_front();
}

Time Stack::next_deadline() const {
    if (!own_.empty()) return Time{};
    return std::min(reassembler_.next_deadline(), tcp_.next_deadline());
}

void Stack::advance(Time now) {
    reassembler_.expire(now);
    tcp_.advance(now);
    flush_tcp(now);
    // Answers to these come in the next round, so that two that talk do not keep us here.
    Fifo<Packet> own;
    std::swap(own, own_);
    for (Packet& packet : own) take(std::move(packet), now);
}

// --- In --------------------------------------------------------------------------------------

bool Stack::is_for_us(const IpAddress& address) const {
    const IpAddress broadcast(IpAddress::V4Bytes{255, 255, 255, 255});
    return is_own(address) || address.is_multicast() || address == broadcast;
}

void Stack::input(Packet packet, Time now) {
    const auto view = read_ip(packet.bytes());
    // From a wire nothing comes that is from us, or for our loopback alone.
    if (view && (view->header.source.is_loopback() || view->header.destination.is_loopback())) {
        ++counters_.garbage;
        return;
    }
    if (view) return take(std::move(packet), *view, now);
    ++counters_.packets_in;
    ++counters_.garbage;
}

// One of our own.
void Stack::take(Packet packet, Time now) {
    const auto view = read_ip(packet.bytes());
    FT_ASSERT(view.has_value(), "a host sends packets only");
    take(std::move(packet), *view, now);
}

void Stack::take(Packet packet, const IpView& view, Time now) {
    ++counters_.packets_in;
    if (!is_for_us(view.header.destination)) {
        ++counters_.not_ours;
        return;
    }
    if (!view.header.is_fragment()) return deliver(view, packet, now);
    auto whole = reassembler_.add(view, now);
    if (!whole) return;
    const auto whole_view = read_ip(whole->bytes());
    FT_ASSERT(whole_view.has_value(), "what was put together is a packet");
    deliver(*whole_view, *whole, now);
}

void Stack::deliver(const IpView& view, Packet& packet, Time now) {
    switch (view.header.protocol) {
        case IpProtocol::tcp:
            return deliver_tcp(view, packet, now);
        case IpProtocol::udp:
            return deliver_udp(view, packet, now);
        case IpProtocol::icmp:
        case IpProtocol::icmpv6:
            if (const auto error = read_icmp_error(view)) return deliver_error(*error, now);
            if (auto reply = answer_echo(view); reply && options_.answers_echo) {
                send(*std::move(reply), now);
            }
            return;
        default:
            ++counters_.nobodys;
            refuse(IcmpReason::no_protocol, view, packet, now);
    }
}

void Stack::refuse(IcmpReason reason, const IpView& view, const Packet& packet, Time now) {
    if (!options_.sends_icmp_errors || !deserves_icmp_error(view)) return;
    send(make_icmp_error(reason, 0, view.header.destination, packet.bytes()), now);
}

void Stack::deliver_udp(const IpView& view, Packet& packet, Time now) {
    const auto datagram = read_udp(view);
    if (!datagram) {
        ++counters_.garbage;
        return;
    }
    const IpHeader& header = view.header;
    const SocketAddress from(header.source, datagram->source_port);
    const SocketAddress to(header.destination, datagram->destination_port);
    const auto arrival = [&](Packet&& whole) {
        udp::Arrival one{.from = from,
                         .to = header.destination,
                         .hops = header.hops,
                         .traffic_class = header.traffic_class,
                         .at = now,
                         .packet = {},
                         .offset = packet.size() - datagram->payload.size(),
                         .size = datagram->payload.size()};
        one.offset = static_cast<std::size_t>(datagram->payload.data() - packet.bytes().data());
        one.packet = std::move(whole);
        return one;
    };
    if (is_own(header.destination)) {
        udp::Socket* socket = udp_.find(to, from);
        if (socket == nullptr) {
            ++counters_.nobodys;
            return refuse(IcmpReason::no_port, view, packet, now);
        }
        if (!StackUdp::of(*socket).arrived(arrival(std::move(packet)))) ++counters_.buffer_full;
        return;
    }
    for (udp::Socket* socket : udp_.find_all(to, from)) {
        if (!StackUdp::of(*socket).arrived(arrival(Packet::copy_of(packet.bytes())))) {
            ++counters_.buffer_full;
        }
    }
}

void Stack::deliver_tcp(const IpView& view, Packet& packet, Time now) {
    const IpHeader& header = view.header;
    if (!is_own(header.destination)) return;
    const auto front = static_cast<std::size_t>(view.payload.data() - packet.bytes().data());
    const std::size_t size = view.payload.size();
    PoolBytes bytes = std::move(packet).take();
    bytes.drop_front(front);
    bytes.keep(size);
    auto segment = tcp::parse_in_place(std::move(bytes), header.source, header.destination);
    if (!segment) {
        ++counters_.garbage;
        return;
    }
    segment->ecn = static_cast<Ecn>(header.traffic_class & 3);
    tcp_.input(header.source, header.destination, *std::move(segment), now);
    flush_tcp(now);
}

// Sends what TCP has to send, and tells sockets what has become of them.
void Stack::flush_tcp(Time now) {
    while (auto out = tcp_.output()) {
        const auto ecn = static_cast<std::uint8_t>(out->segment.ecn);
        const IpHeader header{
            .source = out->from,
            .destination = out->to,
            .protocol = IpProtocol::tcp,
            .hops = out->hops,
            .traffic_class = static_cast<std::uint8_t>((out->traffic_class & ~3) | ecn),
            .identification = next_identification()};
        PoolBytes bytes = tcp::write_in_place(std::move(out->segment), out->from, out->to);
        send(make_ip(header, std::move(bytes)), header, now);
    }
    while (tcp::Connection* connection = tcp_.next_touched()) {
        const auto whose = tcp_sockets_.find(connection);
        if (whose != tcp_sockets_.end()) whose->second->touched();
    }
    while (tcp::Listener* listener = tcp_.next_ready()) {
        const auto whose = tcp_listeners_.find(listener);
        if (whose != tcp_listeners_.end()) whose->second->touched();
    }
}

void Stack::deliver_error(const IcmpError& error, Time now) {
    const IpHeader& about = error.about;
    // An error about what we did not send is a lie.
    if (!is_own(about.source)) return;
    DatagramFailure failure;
    const Meaning meaning = meaning_of(error.reason);
    failure.code = meaning.code;
    failure.origin =
        about.is_v4() ? DatagramFailure::Origin::icmp : DatagramFailure::Origin::icmpv6;
    failure.icmp_type = error.type;
    failure.icmp_code = error.code;
    failure.told_by = SocketAddress(error.told_by, 0);
    if (error.reason == IcmpReason::too_big) {
        const std::size_t sent = about.written_size() + error.about_payload.size();
        failure.mtu =
            static_cast<std::uint32_t>(paths_.shrink(about.destination, error.mtu, sent, now));
    }
    const SocketAddress from(about.source, take_integer<std::uint16_t>(error.about_payload));
    const SocketAddress to(about.destination,
                           take_integer<std::uint16_t>(error.about_payload.subspan(2)));
    if (about.protocol == IpProtocol::tcp) {
        const FiveTuple tuple{Protocol::tcp, from, to};
        if (error.reason == IcmpReason::too_big) {
            tcp_.packet_too_big(tuple, static_cast<std::uint16_t>(failure.mtu), now);
        } else {
            tcp_.unreachable(tuple, meaning.code, now);
        }
        return flush_tcp(now);
    }
    if (about.protocol != IpProtocol::udp) return;
    failure.sent_to = to;
    udp::Socket* socket = udp_.find(from, to);
    if (socket != nullptr) StackUdp::of(*socket).came_back(failure, meaning.is_lasting);
}

std::expected<std::unique_ptr<StackSocket>, int> Stack::open(Family family, SocketType type,
                                                             int protocol) {
    if (family != Family::ipv4 && family != Family::ipv6) return std::unexpected(EAFNOSUPPORT);
    if (type == SocketType::datagram && (protocol == 0 || protocol == IPPROTO_UDP)) {
        return std::make_unique<StackUdp>(*this, family);
    }
    if (type == SocketType::stream && (protocol == 0 || protocol == IPPROTO_TCP)) {
        return std::make_unique<StackTcp>(*this, family);
    }
    return std::unexpected(EPROTONOSUPPORT);
}

}  // namespace fivetuple::sim
