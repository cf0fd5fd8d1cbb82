#include "fivetuple/sim/node.h"

#include "fivetuple/base/hash.h"
#include "fivetuple/sim/ip/fragments.h"
#include "fivetuple/sim/world.h"

#include <utility>

namespace fivetuple::sim {

Cable::Cable(Node& one, Node& other, const LinkOptions& forth, const LinkOptions& back,
             const Streams& streams)
    : one_(one),
      other_(other),
      forth_(forth, streams.child(one.name() + '-' + other.name())),
      back_(back, streams.child(other.name() + '-' + one.name())),
      forth_lane_(other, *this, streams.named("tie/" + one.name() + '-' + other.name()).next()),
      back_lane_(one, *this, streams.named("tie/" + other.name() + '-' + one.name()).next()) {}

std::string Cable::name() const { return one_.name() + '-' + other_.name(); }

void Cable::cut() {
    for (Link* link : {&forth_, &back_}) {
        link->swallow(true);
        link->lose_all_on_the_way();
    }
}

void Cable::mend() {
    forth_.swallow(false);
    back_.swallow(false);
}

Node::Node(World& world, std::string name, std::vector<IpAddress> addresses)
    : world_(world),
      name_(std::move(name)),
      mark_(hash_bytes(name_.data(), name_.size(), 0)),
      addresses_(std::move(addresses)) {}

void Router::refuse(const Packet& packet, IcmpReason reason, std::size_t mtu, Time now) {
    const auto view = read_ip(packet.bytes());
    if (!view || !deserves_icmp_error(*view)) return;
    for (const IpAddress& own : addresses()) {
        if (own.is_v4() != view->header.is_v4()) continue;
        const Packet error =
            make_icmp_error(reason, static_cast<std::uint32_t>(mtu), own, packet.bytes());
        return world().forward(*this, Packet::copy_of(error.bytes()), now);
    }
}

void Router::arrive(Packet packet, Time now) {
    const auto view = read_ip(packet.bytes());
    if (!view) return;
    for (const IpAddress& own : addresses()) {
        if (view->header.destination != own) continue;
        if (auto reply = answer_echo(*view)) world().forward(*this, *std::move(reply), now);
        return;
    }
    if (Cable* cable = way_on(packet, view->header, now)) pass_on(*cable, std::move(packet), now);
}

Cable* Router::way_on(Packet& packet, const IpHeader& header, Time now) {
    if (!take_hop(packet)) {
        refuse(packet, IcmpReason::out_of_hops, 0, now);
        return nullptr;
    }
    Cable* cable = world().way(*this, header.destination);
    if (cable == nullptr) {
        refuse(packet, IcmpReason::no_route, 0, now);
        return nullptr;
    }
    const std::size_t mtu = cable->from(*this).mtu();
    if (packet.size() <= mtu || header.may_fragment) return cable;
    refuse(packet, IcmpReason::too_big, mtu, now);
    return nullptr;
}

void Router::pass_on(Cable& cable, Packet packet, Time now) {
    const std::size_t mtu = cable.from(*this).mtu();
    if (packet.size() <= mtu) return world().put_on(cable, *this, std::move(packet), now);
    for (Packet& part : fragment(std::move(packet), mtu, 0)) {
        world().put_on(cable, *this, std::move(part), now);
    }
}

}  // namespace fivetuple::sim
