#include "fivetuple/sim/link/stage.h"

#include "fivetuple/sim/ip/header.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace fivetuple::sim {

void Loss::pass(Packet packet, Time at, Onward& onward) {
    if (random_.unit() < probability_) {
        ++struck_;
        return;
    }
    onward.forward(std::move(packet), at);
}

void BurstLoss::pass(Packet packet, Time at, Onward& onward) {
    if (random_.unit() < (is_bad_ ? bursts_.end : bursts_.begin)) is_bad_ = !is_bad_;
    if (random_.unit() < (is_bad_ ? bursts_.loss_within : bursts_.loss_between)) {
        ++struck_;
        return;
    }
    onward.forward(std::move(packet), at);
}

void Duplicate::pass(Packet packet, Time at, Onward& onward) {
    if (random_.unit() < probability_) {
        ++struck_;
        onward.forward(Packet::copy_of(packet.bytes()), at);
    }
    onward.forward(std::move(packet), at);
}

void Corrupt::pass(Packet packet, Time at, Onward& onward) {
    if (random_.unit() < probability_ && !packet.empty()) {
        ++struck_;
        const std::uint64_t bit = random_.below(packet.size() * 8);
        packet.bytes()[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    }
    onward.forward(std::move(packet), at);
}

std::size_t Rate::queued(Time at) {
    while (!leaving_.empty() && leaving_.front().at <= at) {
        queued_ -= leaving_.front().size;
        leaving_.pop_front();
    }
    return queued_;
}

void Rate::pass(Packet packet, Time at, Onward& onward) {
    // What is being sent counts as queued until its last bit has left; an empty queue takes any
    // packet, however small it was made.
    const std::size_t waiting = queued(at);
    if (waiting > 0 && waiting + packet.size() > queue_bytes_) {
        ++struck_;
        return;
    }
    if (waiting >= mark_above_) mark_congestion(packet);
    const std::uint64_t bits = packet.size() * 8;
    // Rounded up: a packet never leaves before its last bit.
    const auto takes = static_cast<std::int64_t>(
        (static_cast<unsigned __int128>(bits) * 1'000'000'000 + bits_a_second_ - 1) /
        bits_a_second_);
    free_at_ = std::max(free_at_, at) + Duration(takes);
    leaving_.push_back({free_at_, packet.size()});
    queued_ += packet.size();
    most_queued_ = std::max(most_queued_, queued_);
    onward.forward(std::move(packet), free_at_);
}

Duration Delay::draw() {
    if (jitter_ == Duration::zero()) return jitter_;
    const double drawn = random_.unit();
    double share = drawn;
    // 1 - drawn is never 0.
    if (spread_ == Spread::exponential) share = -std::log1p(-drawn);
    if (spread_ == Spread::heavy_tail)
        share = std::min(1 / std::cbrt((1 - drawn) * (1 - drawn)) / 3, 100.0);
    return Duration(static_cast<std::int64_t>(share * static_cast<double>(jitter_.count())));
}

void Delay::pass(Packet packet, Time at, Onward& onward) {
    Time leaves = at + delay_ + draw();
    if (!may_overtake_) leaves = std::max(leaves, last_);
    if (leaves < last_) ++struck_;
    last_ = std::max(last_, leaves);
    onward.forward(std::move(packet), leaves);
}

void Reorder::pass(Packet packet, Time at, Onward& onward) {
    if (random_.unit() < probability_) {
        ++struck_;
        at += by_;
    }
    onward.forward(std::move(packet), at);
}

}  // namespace fivetuple::sim
