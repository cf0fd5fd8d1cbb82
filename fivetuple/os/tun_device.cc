#include "fivetuple/os/tun_device.h"

#include "fivetuple/os/netlink/interface_address.h"
#include "fivetuple/os/netlink/link.h"
#include "fivetuple/os/netlink/socket.h"
#include "fivetuple/os/network_namespace.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace fivetuple {
namespace {

constexpr const char* kDevice = "/dev/net/tun";

Result<Fd> open_driver() {
    Fd fd(::open(kDevice, O_RDWR | O_CLOEXEC | O_NONBLOCK));
    if (fd) return fd;
    const int code = errno;
    Error error = Error::system(code, "open").about(kDevice);
    if (code == ENOENT || code == ENODEV || code == ENXIO) {
        error = std::move(error).because("this kernel has no TUN devices: modprobe tun");
    }
    return std::unexpected(std::move(error));
}

// The name that it got.
Result<std::string> make_interface(const Fd& driver, const std::string& name) {
    ifreq request{};
    if (name.empty() || name.size() >= sizeof request.ifr_name) {
        return std::unexpected(Error::system(EINVAL, "TUNSETIFF")
                                   .about(name)
                                   .because("an interface's name has 1 to 15 bytes"));
    }
    std::memcpy(request.ifr_name, name.data(), name.size());
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (::ioctl(driver.raw(), TUNSETIFF, &request) == 0) return std::string(request.ifr_name);
    const int code = errno;
    Error error = Error::system(code, "TUNSETIFF").about(name);
    if (code == EPERM) error = std::move(error).because("it takes CAP_NET_ADMIN: be root");
    if (code == EBUSY) error = std::move(error).because("another program has that interface");
    return std::unexpected(std::move(error));
}

Result<void> set_up(const std::string& name, const TunOptions& options) {
    FT_TRY(netlink::OpenSocket socket, netlink::open_socket(netlink::Protocol::route));
    netlink::ReceiveRoom room;
    netlink::NoSink nothing;
    auto ask = [&](netlink::Request request) {
        return netlink::converse(socket, room, request, nothing, kNever);
    };
    netlink::Link link = netlink::Link::named(name);
    FT_TRY_VOID(ask(netlink::change(link, {.is_up = true, .mtu = options.mtu})));
    FT_TRY(const unsigned index, netlink::interface_index(name));
    for (const TunOptions::Address& each : options.addresses) {
        netlink::InterfaceAddress address;
        address.address = each.address;
        address.prefix = each.prefix;
        address.interface = index;
        constexpr std::uint32_t kNobodyElseHasIt = 0x02;  // IFA_F_NODAD
        if (!each.address.is_v4()) address.flags = kNobodyElseHasIt;
        FT_TRY_VOID(ask(netlink::add(address)));
    }
    return {};
}

}  // namespace

Result<TunDevice> TunDevice::open(const TunOptions& options) {
    std::optional<NetworkVisit> visit;
    if (!options.network.empty()) {
        FT_TRY(NetworkVisit there, NetworkVisit::enter(options.network));
        visit.emplace(std::move(there));
    }
    FT_TRY(Fd driver, open_driver());
    FT_TRY(std::string name, make_interface(driver, options.name));
    FT_TRY_VOID(set_up(name, options));
    return TunDevice(std::move(driver), std::move(name), options.mtu);
}

int TunDevice::read(MutableBytes into) const {
    const ssize_t count = ::read(fd_.raw(), into.data(), into.size());
    return count < 0 ? -errno : static_cast<int>(count);
}

int TunDevice::write(Bytes packet) const {
    const ssize_t count = ::write(fd_.raw(), packet.data(), packet.size());
    return count < 0 ? -errno : static_cast<int>(count);
}

}  // namespace fivetuple
