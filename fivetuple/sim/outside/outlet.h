#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/tun_device.h"
#include "fivetuple/sim/node.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fivetuple::sim {

/// Where a simulated network meets the kernel's: what comes over its cable goes to the kernel by a
/// TUN device, and what the kernel sends there is put onto the cable. It has one cable. RealTime
/// keeps its world and the kernel's time together.
class Outlet final : public Node {
public:
    /// Adds it to the world. It takes the device over.
    static Outlet& add(World& world, std::string name, TunDevice device);

    const TunDevice& device() const { return device_; }

    void arrive(Packet packet, Time now) override;
    /// Puts what waits at the device onto the cable, `most` packets at once; how many it were.
    /// Errors: EBADFD (somebody has removed the interface), and what else read(2) may say.
    Result<std::size_t> take_in(std::size_t most, Time now);

    struct Counters {
        std::uint64_t to_kernel = 0;    ///< Packets that the kernel has taken.
        std::uint64_t from_kernel = 0;  ///< Packets that it has sent.
        std::uint64_t refused = 0;      ///< Packets that it did not take: no IP, no memory.
        std::uint64_t off = 0;          ///< Those lost because the interface was switched off.
    };
    const Counters& counters() const { return counters_; }

private:
    friend class World;

    Outlet(World& world, std::string name, TunDevice device);

    TunDevice device_;
    std::vector<std::byte> room_;  // For one packet.
    Counters counters_;
};

}  // namespace fivetuple::sim
