#pragma once

#include "fivetuple/base/heap.h"
#include "fivetuple/base/random.h"
#include "fivetuple/sim/events.h"
#include "fivetuple/sim/host.h"
#include "fivetuple/sim/nat.h"
#include "fivetuple/sim/node.h"
#include "fivetuple/sim/observer.h"
#include "fivetuple/sim/pcap.h"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fivetuple::sim {

/// A network of hosts in one thread, with a time of its own that only moves when nothing is left to
/// do, and with one seed from which all chance comes: the same seed gives the same run, packet by
/// packet. What happens at the same time has no order but the one drawn from the seed: between
/// hosts, packets of different cables, timers of a loop, and sockets of which several are ready.
/// Programs begin in the order in which they were started.
class World {
public:
    explicit World(std::uint64_t seed = 1);
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    /// Programs that still run are cancelled, and run to their end without a network.
    ~World();

    /// A machine with these addresses. The world owns it.
    Host& host(std::string_view name, std::initializer_list<std::string_view> addresses,
               const HostOptions& options = {});
    Host& host(std::string_view name, std::string_view address, const HostOptions& options = {}) {
        return host(name, {address}, options);
    }
    /// One that passes packets on; its addresses are those it speaks from.
    Router& router(std::string_view name, std::initializer_list<std::string_view> addresses);
    /// One that hides those behind it; which cables these are is said by Nat::hide().
    Nat& nat(std::string_view name, std::initializer_list<std::string_view> addresses,
             const NatOptions& options = {});
    /// A node of the caller's own kind.
    template <class N>
    N& node(std::unique_ptr<N> made) {
        adopt(*made);
        N& node = *made;
        nodes_.push_back(std::move(made));
        return node;
    }
    /// What is sent to an address that no node has goes there.
    void set_outside(Node& node) { outside_ = &node; }
    /// A cable with the same properties both ways, or with two.
    Cable& link(Node& one, Node& other, const LinkOptions& both_ways = {});
    Cable& link(Node& one, Node& other, const LinkOptions& forth, const LinkOptions& back);

    /// Since the world began.
    Time now() const { return now_; }
    Duration elapsed() const { return now_ - Time{}; }
    std::uint64_t seed() const { return streams_.seed(); }
    const Streams& streams() const { return streams_; }

    /// When something will happen next by itself; kNever where the world is idle.
    Time next_event() const;
    /// Runs everything until nothing more will happen by itself, or for so long: true where it fell
    /// idle. What only waits for a packet that nobody will send is idle.
    bool run_until_idle(Duration most = std::chrono::hours(1));
    void run_for(Duration time);
    /// Runs until `is_so`, which is asked after every step; false where that took longer than
    /// `most`, or all is idle before.
    bool run_until(const std::function<bool()>& is_so, Duration most = std::chrono::hours(1));

    /// Packets between the two groups of hosts are lost from now on; only those from the first to
    /// the second where it is not both ways. heal() ends all such.
    void partition(std::vector<Host*> some, std::vector<Host*> others, bool both_ways = true);
    void heal();
    /// Has something done when so much time has gone by, before what hosts do then. Until it is
    /// done the world is not idle.
    void plan(Duration from_now, std::function<void()> what);

    /// A hash of all packets that have been sent and have arrived, of the order in which hosts had
    /// their turns and their calls were answered, and of when: two runs that have the same have
    /// been the same.
    std::uint64_t trace() const { return trace_; }
    std::uint64_t packets() const { return packets_; }
    /// Writes all packets from now on, as each host sends and gets them.
    void capture(Pcap* into) { capture_ = into; }
    /// Tells of all that happens from now on; null ends that.
    void observe(Observer* observer) { observer_ = observer; }
    Observer* observer() const { return observer_; }

    /// In the order in which they were made.
    const std::vector<Host*>& hosts() const { return hosts_; }
    const std::vector<std::unique_ptr<Cable>>& cables() const { return cables_; }

    // For nodes, hosts and their backends.
    /// The cable by which packets to `to` leave `from`; null where there is none.
    Cable* way(const Node& from, const IpAddress& to);
    void forward(Node& from, Packet packet, Time now);
    void put_on(Cable& cable, Node& from, Packet packet, Time now);
    /// A host is to be looked at when that time has come.
    void wake(Host& host, Time at);
    void forget(Host& host);
    /// Lets time go on until `is_done`, or to `until`: what a loop does that is turned by itself.
    void drive(const std::function<bool()>& is_done, Time until);
    bool is_running() const { return is_running_; }
    /// Something was decided, or happened, that belongs into the trace.
    void record(std::uint64_t what) {
        trace_ = (trace_ ^ what) * 0x9fb21c651e98df25u;
        trace_ ^= trace_ >> 28;
    }
    void lose(const Node& at, Bytes packet, std::string_view why) {
        if (observer_ != nullptr) observer_->lost(at, packet, why, now_);
    }

private:
    // By each node that can be reached: the first cable of the way.
    using Ways = std::unordered_map<const Node*, Cable*>;
    struct Partition {
        std::vector<Host*> from;
        std::vector<Host*> to;
    };
    struct HostWakesEarlier {
        bool operator()(const Host& one, const Host& other) const {
            return std::pair(one.wake_at(), one.tie()) < std::pair(other.wake_at(), other.tie());
        }
    };

    void adopt(Node& node);
    void step();
    void settle();
    void carry_out();
    void deliver();
    void note(const Packet& packet, const Node& at);
    Cable* way_to(const Node& from, const Node& to);
    bool is_parted(const Packet& packet, const Node& to) const;

    Streams streams_;
    Time now_{};
    bool is_running_ = false;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<Host*> hosts_;
    std::vector<std::unique_ptr<Cable>> cables_;
    std::unordered_map<IpAddress, Node*> by_address_;  // Only ever looked up, as the next.
    Node* outside_ = nullptr;
    std::unordered_map<const Node*, Ways> ways_;  // From those with many cables.
    std::vector<Partition> partitions_;
    mutable Heap<Host, HostWakesEarlier> sleepers_;
    Arrivals arrivals_;
    std::multimap<Time, std::function<void()>> plans_;
    Random ties_;
    std::uint64_t trace_ = 0;
    std::uint64_t packets_ = 0;
    Pcap* capture_ = nullptr;
    Observer* observer_ = nullptr;
};

}  // namespace fivetuple::sim
