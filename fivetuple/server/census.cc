#include "fivetuple/server/census.h"

#include <algorithm>

namespace fivetuple {

IpAddress network_of(const IpAddress& address) {
    if (address.is_v4()) {
        auto bytes = address.v4_bytes();
        bytes[3] = 0;
        return IpAddress(bytes);
    }
    auto bytes = address.v6_bytes();
    std::fill(bytes.begin() + 7, bytes.end(), std::uint8_t{0});
    return IpAddress(bytes);
}

bool Census::is_full(const Counts& counts, const IpAddress& key, std::size_t most) {
    const auto found = counts.find(key);
    return (found == counts.end() ? 0 : found->second) >= most;
}

std::optional<Reason> Census::enter(const std::optional<IpAddress>& from) {
    if (board_ != nullptr) return board_->enter(worker_, from);
    const std::lock_guard lock(mutex_);
    if (connections_ >= limits_.connections) return Reason::connections;
    if (from) {
        const IpAddress network = network_of(*from);
        if (is_full(by_address_, *from, limits_.per_address)) return Reason::address;
        if (is_full(by_network_, network, limits_.per_network)) return Reason::network;
        by_address_[*from]++;
        by_network_[network]++;
    }
    connections_++;
    return std::nullopt;
}

void Census::enter_anyway() {
    if (board_ != nullptr) return board_->enter_anyway(worker_);
    const std::lock_guard lock(mutex_);
    connections_++;
}

void Census::take_one(Counts& counts, const IpAddress& key) {
    const auto found = counts.find(key);
    if (found != counts.end() && --found->second == 0) counts.erase(found);
}

void Census::leave(const std::optional<IpAddress>& from) {
    if (board_ != nullptr) return board_->leave(worker_, from);
    const std::lock_guard lock(mutex_);
    connections_--;
    if (!from) return;
    take_one(by_address_, *from);
    take_one(by_network_, network_of(*from));
}

bool Census::hold(std::size_t bytes) {
    if (board_ != nullptr) return board_->hold(worker_, bytes);
    const std::lock_guard lock(mutex_);
    if (bytes > limits_.held_all - std::min(held_, limits_.held_all)) return false;
    held_ += bytes;
    return true;
}

void Census::let_go(std::size_t bytes) {
    if (board_ != nullptr) return board_->let_go(worker_, bytes);
    const std::lock_guard lock(mutex_);
    held_ -= bytes;
}

std::size_t Census::connections() const {
    if (board_ != nullptr) return board_->connections();
    const std::lock_guard lock(mutex_);
    return connections_;
}

std::size_t Census::addresses() const {
    const std::lock_guard lock(mutex_);
    return by_address_.size();
}

std::size_t Census::held() const {
    if (board_ != nullptr) return board_->held();
    const std::lock_guard lock(mutex_);
    return held_;
}

Pace::Pace(std::size_t per_second)
    : each_(per_second == ServerLimits::kUnlimited
                ? Duration::zero()
                : Duration(std::chrono::seconds(1)) /
                      static_cast<std::int64_t>(std::clamp<std::size_t>(per_second, 1, 1 << 30))),
      burst_(std::max(each_, Duration(std::chrono::milliseconds(100)))) {}

Duration Pace::next(Time now) {
    if (each_ == Duration::zero()) return Duration::zero();
    due_ = std::max(due_, now - burst_) + each_;
    return std::max(due_ - now, Duration::zero());
}

}  // namespace fivetuple
