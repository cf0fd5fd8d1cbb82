#include "fivetuple/sim/outside/outlet.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/sim/world.h"

#include <cerrno>
#include <utility>

namespace fivetuple::sim {

Outlet::Outlet(World& world, std::string name, TunDevice device)
    : Node(world, std::move(name), {}), device_(std::move(device)), room_(device_.mtu() + 1) {}

Outlet& Outlet::add(World& world, std::string name, TunDevice device) {
    return world.node(
        std::unique_ptr<Outlet>(new Outlet(world, std::move(name), std::move(device))));
}

void Outlet::arrive(Packet packet, Time) {
    const int written = device_.write(std::as_const(packet).bytes());
    if (written >= 0) {
        ++counters_.to_kernel;
        return;
    }
    const bool is_off = written == -EIO || written == -EBADFD;
    ++(is_off ? counters_.off : counters_.refused);
    world().lose(*this, std::as_const(packet).bytes(),
                 is_off ? "interface is off" : "refused by the kernel");
}

Result<std::size_t> Outlet::take_in(std::size_t most, Time now) {
    FT_ASSERT(cables().size() == 1, "an outlet has one cable");
    std::size_t count = 0;
    for (; count < most; ++count) {
        const int size = device_.read(room_);
        if (size == -EAGAIN) break;
        if (size < 0) {
            Error error = Error::system(-size, "read").about(device_.name());
            if (size == -EBADFD) error = std::move(error).because("the interface was removed");
            return std::unexpected(std::move(error));
        }
        ++counters_.from_kernel;
        const Bytes packet = Bytes(room_).first(static_cast<std::size_t>(size));
        world().put_on(*cables().front(), *this, Packet::copy_of(packet), now);
    }
    return count;
}

}  // namespace fivetuple::sim
