#pragma once

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

/// A packet that arrives.
struct Arriving {
    Time at;
    std::uint64_t tie = 0;    // Of what arrives at one time, the lowest is first;
    std::uint64_t order = 0;  // of equal ones, what was put on first.
    Node* to = nullptr;
    Cable* over = nullptr;
    std::uint32_t cuts = 0;  // Of the link, when it was sent.
    Packet packet;
};

/// All packets that are on their way, the next to arrive first.
class Arrivals {
public:
    bool empty() const { return heap_.empty(); }
    std::size_t size() const { return heap_.size(); }
    Time next() const { return heap_.empty() ? kNever : heap_.front().at; }

    void add(Arriving arriving) {
        arriving.order = ++order_;
        heap_.push_back(std::move(arriving));
        std::ranges::push_heap(heap_, comes_later);
    }
    Arriving take() {
        std::ranges::pop_heap(heap_, comes_later);
        Arriving first = std::move(heap_.back());
        heap_.pop_back();
        return first;
    }

private:
    static bool comes_later(const Arriving& one, const Arriving& other) {
        return std::tie(one.at, one.tie, one.order) > std::tie(other.at, other.tie, other.order);
    }
    std::vector<Arriving> heap_;
    std::uint64_t order_ = 0;
};

}  // namespace fivetuple::sim
