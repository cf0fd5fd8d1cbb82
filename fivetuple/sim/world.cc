#include "fivetuple/sim/world.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/sim/ip/header.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace fivetuple::sim {
namespace {

std::vector<IpAddress> read_addresses(std::initializer_list<std::string_view> texts) {
    std::vector<IpAddress> addresses;
    addresses.reserve(texts.size());
    for (const std::string_view text : texts) {
        auto address = IpAddress::parse(text);
        FT_ASSERT(address.has_value(), "a node's address is none");
        addresses.push_back(*address);
    }
    return addresses;
}

std::vector<std::uint64_t> struck_of(const Link& link) {
    std::vector<std::uint64_t> struck;
    struck.reserve(link.stages().size());
    for (const auto& stage : link.stages()) struck.push_back(stage->struck());
    return struck;
}

// The stage behind which a packet did not come out: the last that has done something to it.
std::string_view who_struck(const Link& link, const std::vector<std::uint64_t>& before) {
    std::string_view name = "cut";
    for (std::size_t place = 0; place < before.size(); ++place) {
        const Stage& stage = *link.stages()[place];
        if (stage.struck() != before[place]) name = stage.name();
    }
    return name;
}

bool is_router(const Node& node) { return dynamic_cast<const Router*>(&node) != nullptr; }

// By each node that can be reached from there: the first cable of the way.
std::unordered_map<const Node*, Cable*> ways_from(const Node& from) {
    std::unordered_map<const Node*, Cable*> first;
    std::deque<const Node*> reached{&from};
    first[&from] = nullptr;
    while (!reached.empty()) {
        const Node* at = reached.front();
        reached.pop_front();
        if (at != &from && !is_router(*at)) continue;
        for (Cable* cable : at->cables()) {
            const Node* next = &cable->peer_of(*at);
            if (!first.try_emplace(next, at == &from ? cable : first[at]).second) continue;
            reached.push_back(next);
        }
    }
    return first;
}

// While the world goes on, loops that wait leave time alone.
class Running {
public:
    explicit Running(bool& flag) : flag_(flag) {
        FT_ASSERT(!flag_, "the world is run by a program that runs in it");
        flag_ = true;
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() { flag_ = false; }

private:
    bool& flag_;
};

}  // namespace

World::World(std::uint64_t seed) : streams_(seed), ties_(streams_.named("ties")), trace_(seed) {}

World::~World() {
    is_running_ = true;
    hosts_.clear();
    nodes_.clear();
}

// --- What there is -----------------------------------------------------------------------------

void World::adopt(Node& node) {
    for (const IpAddress& address : node.addresses()) {
        FT_ASSERT(by_address_.emplace(address, &node).second, "two nodes have one address");
    }
    ways_.clear();
}

Host& World::host(std::string_view name, std::initializer_list<std::string_view> addresses,
                  const HostOptions& options) {
    Host& host = node(std::make_unique<Host>(*this, std::string(name), read_addresses(addresses),
                                             options, hosts_.size()));
    hosts_.push_back(&host);
    return host;
}

Router& World::router(std::string_view name, std::initializer_list<std::string_view> addresses) {
    return node(std::make_unique<Router>(*this, std::string(name), read_addresses(addresses)));
}

Nat& World::nat(std::string_view name, std::initializer_list<std::string_view> addresses,
                const NatOptions& options) {
    return node(
        std::make_unique<Nat>(*this, std::string(name), read_addresses(addresses), options));
}

Cable& World::link(Node& one, Node& other, const LinkOptions& both_ways) {
    return link(one, other, both_ways, both_ways);
}

Cable& World::link(Node& one, Node& other, const LinkOptions& forth, const LinkOptions& back) {
    cables_.push_back(std::make_unique<Cable>(one, other, forth, back, streams_.child("link")));
    Cable& cable = *cables_.back();
    for (Node* end : {&one, &other}) {
        end->attach(cable);
        if (auto* host = dynamic_cast<Host*>(end)) {
            Stack& stack = host->stack();
            const std::size_t mtu = cable.from(*host).mtu();
            stack.set_mtu(host->cables().size() == 1 ? mtu : std::min(stack.options().mtu, mtu));
        }
    }
    ways_.clear();
    return cable;
}

// --- Ways --------------------------------------------------------------------------------------

// The shortest way, by the number of cables; of equals the one laid first. Only routers pass on.
Cable* World::way(const Node& from, const IpAddress& to) {
    const auto there = by_address_.find(to);
    const Node* node = there == by_address_.end() ? outside_ : there->second;
    return node == nullptr || node == &from ? nullptr : way_to(from, *node);
}

// Who has one cable has one way to all that it leads to: only where there are more is a map made,
// once, of the ways to everybody.
Cable* World::way_to(const Node& from, const Node& to) {
    if (from.cables().size() == 1) {
        Cable* only = from.cables().front();
        const Node& next = only->peer_of(from);
        if (&next == &to) return only;
        const bool passes_on = next.cables().size() > 1 && is_router(next);
        return passes_on && way_to(next, to) != nullptr ? only : nullptr;
    }
    auto known = ways_.find(&from);
    if (known == ways_.end()) known = ways_.emplace(&from, ways_from(from)).first;
    const auto found = known->second.find(&to);
    return found == known->second.end() ? nullptr : found->second;
}

void World::forward(Node& from, Packet packet, Time now) {
    const IpAddress to = destination_of(packet.bytes());
    if (to.is_multicast()) {
        for (Cable* cable : from.cables()) {
            put_on(*cable, from, Packet::copy_of(packet.bytes()), now);
        }
        return;
    }
    // Without a way there is nobody to say so but silence, as on a network without a router.
    Cable* cable = way(from, to);
    if (cable != nullptr) put_on(*cable, from, std::move(packet), now);
}

void World::put_on(Cable& cable, Node& from, Packet packet, Time now) {
    // Notes where the link lets it out.
    class Sink final : public Onward {
    public:
        Sink(World& world, Cable& cable, Node& from) : world_(world), cable_(cable), from_(from) {}
        void forward(Packet arriving, Time at) override {
            has_passed_ = true;
            world_.arrivals_.add(cable_.lane(from_), at, cable_.from(from_).cuts(),
                                 std::move(arriving));
        }
        bool has_passed() const { return has_passed_; }

    private:
        World& world_;
        Cable& cable_;
        Node& from_;
        bool has_passed_ = false;
    };
    note(packet, from);
    Sink sink(*this, cable, from);
    Link& link = cable.from(from);
    if (observer_ == nullptr) return link.send(std::move(packet), now, sink);
    const Packet seen = Packet::copy_of(packet.bytes());
    observer_->sent(from, cable, seen.bytes(), now);
    const std::vector<std::uint64_t> before = struck_of(link);
    link.send(std::move(packet), now, sink);
    if (!sink.has_passed()) lose(from, seen.bytes(), who_struck(link, before));
}

void World::note(const Packet& packet, const Node& at) {
    record(packet.hash());
    record(at.mark() ^ static_cast<std::uint64_t>(now_.time_since_epoch().count()));
    ++packets_;
    if (capture_ != nullptr) capture_->write(packet.bytes(), now_);
}

void World::partition(std::vector<Host*> some, std::vector<Host*> others, bool both_ways) {
    if (both_ways) partitions_.push_back({others, some});
    partitions_.push_back({std::move(some), std::move(others)});
}

void World::heal() { partitions_.clear(); }

bool World::is_parted(const Packet& packet, const Node& to) const {
    if (partitions_.empty()) return false;
    const auto view = read_ip(packet.bytes());
    if (!view) return false;
    const auto from = by_address_.find(view->header.source);
    if (from == by_address_.end()) return false;
    return std::ranges::any_of(partitions_, [&](const Partition& partition) {
        return std::ranges::find(partition.from, from->second) != partition.from.end() &&
               std::ranges::find(partition.to, &to) != partition.to.end();
    });
}

// --- Time --------------------------------------------------------------------------------------

void World::plan(Duration from_now, std::function<void()> what) {
    plans_.emplace(after(now_, from_now), std::move(what));
}

void World::wake(Host& host, Time at) {
    if (host.is_in_heap()) {
        if (host.wake_at() <= at) return;
        sleepers_.erase(host);
    }
    host.set_wake_at(at, ties_.next());
    sleepers_.push(host);
}

void World::forget(Host& host) {
    if (host.is_in_heap()) sleepers_.erase(host);
}

Time World::next_event() const {
    const Time host = sleepers_.empty() ? kNever : sleepers_.top().wake_at();
    const Time planned = plans_.empty() ? kNever : plans_.begin()->first;
    return std::min({host, arrivals_.next(), planned});
}

// Turns every host that has something to do now, until none has.
void World::settle() {
    while (!sleepers_.empty() && sleepers_.top().wake_at() <= now_) {
        Host& host = sleepers_.top();
        sleepers_.erase(host);
        record(host.number());
        host.turn(now_);
        if (observer_ != nullptr) observer_->turned(host, now_);
    }
}

void World::carry_out() {
    while (!plans_.empty() && plans_.begin()->first <= now_) {
        const auto what = std::move(plans_.begin()->second);
        plans_.erase(plans_.begin());
        what();
    }
}

void World::step() {
    now_ = std::max(now_, next_event());
    carry_out();
    // Whether a packet or a host's own timer was first, where both are due, nobody can know.
    const bool both_due = arrivals_.next() <= now_ && !sleepers_.empty();
    if (both_due && sleepers_.top().wake_at() <= now_ && ties_.below(2) == 0) settle();
    deliver();
    settle();
}

void World::deliver() {
    while (arrivals_.next() <= now_) {
        Arriving arriving = arrivals_.take();
        Node& to = arriving.by->to();
        Cable& over = arriving.by->over();
        const Node& from = over.peer_of(to);
        if (over.from(from).cuts() != arriving.cuts) {
            lose(from, arriving.packet.bytes(), "cut");
            continue;
        }
        if (is_parted(arriving.packet, to)) {
            lose(from, arriving.packet.bytes(), "partition");
            continue;
        }
        note(arriving.packet, to);
        if (observer_ == nullptr) {
            to.arrive(std::move(arriving.packet), now_);
            continue;
        }
        const Packet seen = Packet::copy_of(arriving.packet.bytes());
        to.arrive(std::move(arriving.packet), now_);
        if (observer_ != nullptr) observer_->arrived(to, seen.bytes(), now_);
    }
}

bool World::run_until(const std::function<bool()>& is_so, Duration most) {
    const Running running(is_running_);
    const Time until = after(now_, most);
    settle();
    while (!is_so()) {
        const Time at = next_event();
        if (at == kNever) return false;
        if (at > until) {
            now_ = until;
            return false;
        }
        step();
    }
    return true;
}

bool World::run_until_idle(Duration most) {
    static_cast<void>(run_until([] { return false; }, most));
    return next_event() == kNever;
}

void World::run_for(Duration time) {
    const Time until = after(now_, time);
    static_cast<void>(run_until([] { return false; }, time));
    now_ = std::max(now_, until);
}

void World::drive(const std::function<bool()>& is_done, Time until) {
    const Running running(is_running_);
    settle();
    while (!is_done()) {
        const Time at = next_event();
        if (at > until || at == kNever) {
            if (until != kNever) now_ = std::max(now_, until);
            return;
        }
        step();
    }
}

}  // namespace fivetuple::sim
