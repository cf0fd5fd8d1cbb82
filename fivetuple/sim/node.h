#pragma once

#include "fivetuple/base/random.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/ip_address.h"
#include "fivetuple/sim/events.h"
#include "fivetuple/sim/ip/icmp.h"
#include "fivetuple/sim/ip/packet.h"
#include "fivetuple/sim/link/link.h"

#include <memory>
#include <string>
#include <vector>

namespace fivetuple::sim {

class Node;
class World;

/// Two nodes and what is between them: a link each way.
class Cable {
public:
    Cable(Node& one, Node& other, const LinkOptions& forth, const LinkOptions& back,
          const Streams& streams);

    Node& one() const { return one_; }
    Node& other() const { return other_; }
    /// The way from `from`, which is one of the two.
    Link& from(const Node& from) { return &from == &one_ ? forth_ : back_; }
    Node& peer_of(const Node& node) const { return &node == &one_ ? other_ : one_; }

    /// Loses what is on its way, and all that is sent until mend().
    void cut();
    /// The same, only in the direction away from `from`, and what is on its way arrives.
    void block(const Node& from) { this->from(from).swallow(true); }
    void mend();
    bool is_cut() const { return forth_.swallows() && back_.swallows(); }
    /// `server-client`
    std::string name() const;

    // For the world.
    Lane& lane(const Node& from) { return &from == &one_ ? forth_lane_ : back_lane_; }

private:
    Node& one_;
    Node& other_;
    Link forth_;
    Link back_;
    Lane forth_lane_;
    Lane back_lane_;
};

/// Where cables end: a host or a router.
class Node {
public:
    Node(World& world, std::string name, std::vector<IpAddress> addresses);
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    virtual ~Node() = default;

    const std::string& name() const { return name_; }
    /// A number for its name.
    std::uint64_t mark() const { return mark_; }
    const std::vector<IpAddress>& addresses() const { return addresses_; }
    World& world() const { return world_; }

    /// A packet has come over a cable.
    virtual void arrive(Packet packet, Time now) = 0;

    void attach(Cable& cable) { cables_.push_back(&cable); }
    const std::vector<Cable*>& cables() const { return cables_; }

private:
    World& world_;
    std::string name_;
    std::uint64_t mark_;
    std::vector<IpAddress> addresses_;
    std::vector<Cable*> cables_;
};

/// Passes packets on towards their destinations, takes a hop off each, and says by ICMP why one
/// cannot go on.
class Router : public Node {
public:
    using Node::Node;
    void arrive(Packet packet, Time now) override;

protected:
    /// Takes a hop off, and finds the cable to go on by; null where there is none or the packet may
    /// not, which its sender is told.
    Cable* way_on(Packet& packet, const IpHeader& header, Time now);
    /// In fragments where it must be.
    void pass_on(Cable& cable, Packet packet, Time now);

private:
    void refuse(const Packet& packet, IcmpReason reason, std::size_t mtu, Time now);
};

}  // namespace fivetuple::sim
