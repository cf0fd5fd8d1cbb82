#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/os/address.h"
#include "fivetuple/sim/ip/fragments.h"
#include "fivetuple/sim/node.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace fivetuple::sim {

/// How a translator of addresses behaves. The times are how long it remembers a flow of which it
/// sees nothing.
struct NatOptions {
    Duration udp = std::chrono::minutes(2);    ///< RFC 4787, REQ-5
    Duration tcp = std::chrono::minutes(124);  ///< Of an established connection. RFC 5382, REQ-5
    Duration tcp_other = std::chrono::minutes(4);  ///< One that begins or has ended.
    Duration echo = std::chrono::minutes(1);       ///< RFC 5508, REQ-2
    /// A host outside may answer only where it was spoken to; else whoever knows the port reaches
    /// who is behind it. RFC 4787, REQ-8
    bool filters = true;
    /// The range that outside ports are taken from, in order.
    std::uint16_t first_port = 1024;
    std::uint16_t last_port = 65535;
};

/// A router that lets the hosts on one side share one address (two, with one of IPv6) on the other,
/// as home routers and clouds do. It forgets flows that are silent for too long, without a word to
/// either end, and nobody outside can begin one. A flow keeps its outside port, whoever it speaks
/// to. RFC 4787, RFC 5382
class Nat final : public Router {
public:
    /// `addresses` are those outside.
    Nat(World& world, std::string name, std::vector<IpAddress> addresses, const NatOptions& options)
        : Router(world, std::move(name), std::move(addresses)),
          options_(options),
          next_port_(options.first_port) {}

    /// What is behind this cable is inside. To be said before packets come.
    void hide(Cable& cable) { inside_.insert(&cable); }

    void arrive(Packet packet, Time now) override;

    struct Counters {
        std::uint64_t opened = 0;     ///< Flows.
        std::uint64_t forgotten = 0;  ///< Flows that were silent too long.
        std::uint64_t unasked = 0;    ///< Packets from outside that belong to none: dropped.
        std::uint64_t no_port = 0;    ///< Packets from inside for which no port was left: dropped.
        std::uint64_t garbage = 0;    ///< What has no ports, or cannot be read: dropped.
    };
    const Counters& counters() const { return counters_; }
    /// Flows that it remembers, silent ones included that it has not looked at since.
    std::size_t flows() const { return by_inside_.size(); }

private:
    // One port of the outside, and whose it is.
    struct Flow {
        SocketAddress inside;
        std::uint16_t port = 0;
        Time used{};
        bool is_established = false;
        bool is_ending = false;
        std::set<SocketAddress> peers;
    };
    using Inside = std::pair<IpProtocol, SocketAddress>;
    using Outside = std::tuple<IpProtocol, bool, std::uint16_t>;  // IPv4 or not, and the port.

    void leave(Packet& packet, const IpView& view, Time now);
    void enter(const IpView& view, Time now);
    bool enter_error(const IpView& view, Time now);
    Flow* flow_from(IpProtocol protocol, const SocketAddress& inside, Time now);
    Flow* flow_to(IpProtocol protocol, bool v4, std::uint16_t port, Time now);
    void note(Flow& flow, const IpView& view, Time now) const;
    Duration patience(IpProtocol protocol, const Flow& flow) const;
    bool is_over(IpProtocol protocol, const Flow& flow, Time now) const;
    void forget(IpProtocol protocol, const Flow& flow);
    std::optional<std::uint16_t> free_port(IpProtocol protocol, bool v4, Time now);
    bool is_from_inside(const IpAddress& source);

    NatOptions options_;
    Counters counters_;
    std::set<const Cable*> inside_;
    std::map<Inside, Flow> by_inside_;
    std::map<Outside, Inside> by_port_;
    std::uint16_t next_port_;
    Reassembler reassembler_;
};

}  // namespace fivetuple::sim
