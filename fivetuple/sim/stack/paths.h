#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/os/ip_address.h"

#include <cstddef>
#include <map>

namespace fivetuple::sim {

/// What a host has learnt of the paths to others: the largest packet that each takes. RFC 1191,
/// RFC 8201; forgotten after ten minutes, as by Linux.
class Paths {
public:
    static constexpr std::size_t kMost = 4096;
    static constexpr Duration kMemory = std::chrono::minutes(10);
    /// A router that says less is not believed. Linux's min_pmtu, and IPv6's least.
    static constexpr std::size_t kLeastV4 = 552;
    static constexpr std::size_t kLeastV6 = 1280;

    /// The largest packet to there, where the first link takes `link_mtu`.
    std::size_t mtu(const IpAddress& to, std::size_t link_mtu, Time now) const;
    /// A router has said that packets of more than `mtu` bytes do not pass (0: it did not say how
    /// many do); `sent` is the size of the one that did not. What holds from now on.
    std::size_t shrink(const IpAddress& to, std::size_t mtu, std::size_t sent, Time now);

private:
    struct Path {
        std::size_t mtu;
        Time until;
    };
    std::map<IpAddress, Path> paths_;
};

}  // namespace fivetuple::sim
