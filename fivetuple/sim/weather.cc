#include "fivetuple/sim/weather.h"

#include <algorithm>
#include <utility>

namespace fivetuple::sim {

void WeatherStage::pass(Packet packet, Time at, Onward& onward) {
    if (random_.unit() < weather.loss) {
        ++struck_;
        return;
    }
    if (random_.unit() < weather.corrupt && !packet.empty()) {
        ++struck_;
        const std::uint64_t bit = random_.below(packet.size() * 8);
        packet.bytes()[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    }
    if (random_.unit() < weather.duplicate) {
        ++struck_;
        send_on(Packet::copy_of(packet.bytes()), at, onward);
    }
    send_on(std::move(packet), at, onward);
}

void WeatherStage::send_on(Packet packet, Time at, Onward& onward) {
    // Order is kept when a clog ends, or a delay gets shorter.
    at = std::max({at + weather.delay, weather.clogged_until, last_});
    last_ = at;
    if (random_.unit() < weather.reorder) {
        ++struck_;
        at += weather.reorder_by;
    }
    onward.forward(std::move(packet), at);
}

}  // namespace fivetuple::sim
