#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/fd.h"
#include "fivetuple/os/ip_address.h"

#include <cstdint>
#include <string>
#include <vector>

namespace fivetuple {

struct TunOptions {
    /// At most 15 bytes; a `%d` in it becomes the first number that is free.
    std::string name = "tun%d";
    std::uint32_t mtu = 1500;  ///< The largest packet, in bytes: 68 (1280 with IPv6) to 65535.
    /// The kernel's own addresses on it, each with the bits of its network.
    struct Address {
        IpAddress address;
        std::uint8_t prefix = 0;
    };
    std::vector<Address> addresses{};
    /// The network that it is made in: a name of `ip netns`, or a path; this thread's where empty.
    std::string network{};
};

/// An interface of the kernel's whose cable ends in this program: packets that the kernel sends
/// over it are read here, and those written here arrive there. It is gone when this is. Linux
/// kernel documentation, networking/tuntap
class TunDevice {
public:
    /// Makes it, gives it its addresses and switches it on.
    /// Errors: EPERM (CAP_NET_ADMIN is missing); ENOENT, ENODEV (no /dev/net/tun here); EBUSY (the
    /// name is another program's); EINVAL (a name too long, an MTU out of range); those of
    /// NetworkVisit::enter().
    static Result<TunDevice> open(const TunOptions& options);

    const std::string& name() const { return name_; }
    std::uint32_t mtu() const { return mtu_; }
    /// Non-blocking; readable when a packet waits.
    const Fd& fd() const { return fd_; }

    /// Takes the next packet: its size, or -errno. -EAGAIN: none waits. -EBADFD: somebody removed
    /// the interface.
    int read(MutableBytes into) const;
    /// Hands over a packet: its size, or -errno. -EIO: the interface is switched off. -ENOBUFS,
    /// -ENOMEM: no memory now. -EINVAL: it is no IP packet.
    int write(Bytes packet) const;

private:
    TunDevice(Fd fd, std::string name, std::uint32_t mtu)
        : fd_(std::move(fd)), name_(std::move(name)), mtu_(mtu) {}

    Fd fd_;
    std::string name_;
    std::uint32_t mtu_;
};

}  // namespace fivetuple
