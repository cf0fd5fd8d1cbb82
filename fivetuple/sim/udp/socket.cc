#include "fivetuple/sim/udp/socket.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace fivetuple::sim::udp {

std::size_t memory_of(std::size_t payload) {
    constexpr std::size_t kDescription = 256;  // struct sk_buff
    constexpr std::size_t kShared = 320;       // struct skb_shared_info
    constexpr std::size_t kHeaders = 64;
    constexpr std::size_t kLeast = 512;
    constexpr std::size_t kPage = 4096;
    const std::size_t data = payload + kHeaders + kShared;
    const std::size_t block =
        data <= kPage ? std::bit_ceil(std::max(data, kLeast)) : (data + kPage - 1) / kPage * kPage;
    return kDescription + block;
}

bool Socket::deliver(Arrival arrival) {
    // One datagram may go beyond the limit, none may begin there.
    if (memory_ > settings.receive_buffer || reads_ended) {
        ++dropped_;
        return false;
    }
    memory_ += memory_of(arrival.size);
    queue_.push_back(std::move(arrival));
    return true;
}

Arrival Socket::take() {
    Arrival first = std::move(queue_.front());
    queue_.pop_front();
    memory_ -= memory_of(first.size);
    return first;
}

void Socket::failed(const DatagramFailure& failure, bool is_lasting) {
    if (settings.report_failures) {
        note(failure);
    } else if (!is_lasting || !is_connected()) {
        return;
    }
    error_ = failure.code;
}

bool Socket::is_member(const IpAddress& group, const IpAddress& sender) const {
    const auto joined = groups.find(group);
    if (joined == groups.end()) return false;
    return joined->second.empty() || joined->second.contains(sender);
}

void Socket::note(const DatagramFailure& what) {
    constexpr std::size_t kMost = 256;
    if (failures_.size() < kMost) failures_.push_back(what);
}

int Socket::take_error() { return std::exchange(error_, 0); }

std::optional<DatagramFailure> Socket::take_failure() {
    if (failures_.empty()) return std::nullopt;
    DatagramFailure first = failures_.front();
    failures_.pop_front();
    // As long as there are more, the next call fails with the next.
    error_ = failures_.empty() ? 0 : failures_.front().code;
    return first;
}

}  // namespace fivetuple::sim::udp
