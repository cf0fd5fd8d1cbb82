#pragma once

#include "fivetuple/base/fifo.h"
#include "fivetuple/base/heap.h"
#include "fivetuple/base/random.h"
#include "fivetuple/base/time.h"
#include "fivetuple/sim/ip/packet.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

namespace fivetuple::sim {

class Cable;
class Node;

/// What decides which of two packets arrives first.
struct ArrivalKey {
    Time at = kNever;
    std::uint64_t tie = 0;    ///< Of what arrives at one time, the lowest is first;
    std::uint64_t order = 0;  ///< of equal ones, what was put on first.

    friend auto operator<=>(const ArrivalKey&, const ArrivalKey&) = default;
};

/// One way over a cable, with what is on it: nearly all of that comes in the order in which it was
/// put on.
class Lane : public HeapPlace {
public:
    /// To that end of the cable; `tie_seed` is this lane's alone.
    Lane(Node& to, Cable& over, std::uint64_t tie_seed)
        : to_(to), over_(over), tie_seed_(tie_seed) {}

    Node& to() const { return to_; }
    Cable& over() const { return over_; }
    const ArrivalKey& first() const { return first_; }

private:
    friend class Arrivals;
    struct Waiting {
        Time at;
        std::uint64_t order = 0;
        std::uint32_t cuts = 0;
        Packet packet;
    };

    std::uint64_t tie(Time at) const {
        const auto when = static_cast<std::uint64_t>(at.time_since_epoch().count());
        return Random(tie_seed_ ^ when).next();
    }
    void look_at_first() {
        const Waiting& next = waiting_.front();
        if (next.at != first_.at) first_.tie = tie(next.at);
        first_.at = next.at;
        first_.order = next.order;
    }

    Node& to_;
    Cable& over_;
    std::uint64_t tie_seed_;
    ArrivalKey first_;
    Fifo<Waiting> waiting_;
};

/// A packet that arrives.
struct Arriving {
    ArrivalKey key;
    Lane* by = nullptr;
    std::uint32_t cuts = 0;  ///< Of the link, when it was sent.
    Packet packet;
};

/// All packets that are on their way, the next to arrive first: a queue for each lane, a heap of
/// the lanes, and one of what has overtaken others on its lane.
class Arrivals {
public:
    Time next() const { return std::min(first_lane().at, first_stray().at); }

    void add(Lane& lane, Time at, std::uint32_t cuts, Packet packet) {
        ++order_;
        Fifo<Lane::Waiting>& waiting = lane.waiting_;
        if (!waiting.empty() && at < waiting.back().at) {
            strays_.push_back({{at, lane.tie(at), order_}, &lane, cuts, std::move(packet)});
            std::ranges::push_heap(strays_, comes_later);
            return;
        }
        waiting.push_back({at, order_, cuts, std::move(packet)});
        if (lane.is_in_heap()) return;
        lane.look_at_first();
        lanes_.push(lane);
    }

    /// Where there is one.
    Arriving take() {
        if (first_stray() < first_lane()) {
            std::ranges::pop_heap(strays_, comes_later);
            Arriving first = std::move(strays_.back());
            strays_.pop_back();
            return first;
        }
        Lane& lane = lanes_.top();
        const ArrivalKey key = lane.first();
        Lane::Waiting first = lane.waiting_.take_front();
        const bool stays_first = !lane.waiting_.empty() && lanes_.size() == 1;
        if (!stays_first) lanes_.erase(lane);
        if (!lane.waiting_.empty()) lane.look_at_first();
        if (!stays_first && !lane.waiting_.empty()) lanes_.push(lane);
        return {key, &lane, first.cuts, std::move(first.packet)};
    }

private:
    struct ArrivesEarlier {
        bool operator()(const Lane& one, const Lane& other) const {
            return one.first() < other.first();
        }
    };
    static bool comes_later(const Arriving& one, const Arriving& other) {
        return other.key < one.key;
    }
    ArrivalKey first_lane() const { return lanes_.empty() ? ArrivalKey() : lanes_.top().first(); }
    ArrivalKey first_stray() const { return strays_.empty() ? ArrivalKey() : strays_.front().key; }

    Heap<Lane, ArrivesEarlier> lanes_;
    std::vector<Arriving> strays_;
    std::uint64_t order_ = 0;
};

}  // namespace fivetuple::sim
