#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/os/bpf.h"

#include <cstdint>
#include <map>

namespace fivetuple::bpf {

/// A packet as a program sees it.
struct Packet {
    Bytes bytes;         ///< What offsets count from: for a steering program, the payload.
    Bytes network = {};  ///< The packet from its network header on, for network().
    Bytes link = {};     ///< And from its link header on, for link().
    /// What is known beside it; 0 where it is not here.
    std::map<Beside, std::uint32_t> beside = {};
};

/// What the kernel would get for an answer: to prove programs without one, and to run them where
/// the network is simulated. Always ends, whatever the packet. (Netlink's attributes are not looked
/// for: such a load gives 0.)
std::uint32_t run(const Program& program, const Packet& packet);

}  // namespace fivetuple::bpf
