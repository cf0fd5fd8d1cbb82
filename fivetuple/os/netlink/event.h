#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/netlink/interface_address.h"
#include "fivetuple/os/netlink/link.h"
#include "fivetuple/os/netlink/message.h"
#include "fivetuple/os/netlink/neighbor.h"
#include "fivetuple/os/netlink/route.h"
#include "fivetuple/os/netlink/socket.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>

namespace fivetuple::netlink {

enum class Change : std::uint8_t { added, changed, removed };
std::string_view to_string(Change change);

/// Something of this machine's network that is new, different, or gone.
struct Event {
    Change change = Change::added;
    std::variant<Link, InterfaceAddress, Route, Neighbor> subject{};  ///< As it is, or was.

    /// `added inet 10.0.0.1/24 scope global v0`
    std::string to_string() const;
};

/// What is to be heard of.
struct Watched {
    bool links = true;
    bool addresses = true;
    bool routes = false;
    bool neighbors = false;
};

/// Makes events of what the kernel says to its groups. The kernel tells what is there, not whether
/// it was there before: this remembers links, addresses and neighbours. Makes no system call but in
/// watch() and relist().
class Observer {
public:
    Observer() = default;

    struct Watch;
    /// A socket that hears of these, and what there is already.
    /// Errors: as open_socket() and converse().
    static Result<Watch> watch(const Watched& watched);
    /// Learns what there is, to be called where the kernel had to drop messages (ENOBUFS).
    Result<void> relist();

    /// Another datagram has come.
    void begin(Bytes datagram) { reader_ = MessageReader(datagram); }
    /// The next event in it; false where it holds no more. Errors: malformed.
    Result<bool> next(Event& event);

private:
    using AddressKey = std::tuple<unsigned, IpAddress, std::uint8_t>;
    using NeighborKey = std::tuple<unsigned, IpAddress>;

    Result<bool> read(const Message& message, Event& event);

    Watched watched_;
    MessageReader reader_;
    std::set<unsigned> links_;
    std::set<AddressKey> addresses_;
    std::set<NeighborKey> neighbors_;
};

struct Observer::Watch {
    OpenSocket socket;
    Observer observer;
};

}  // namespace fivetuple::netlink
