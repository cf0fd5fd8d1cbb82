#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/os/netlink/event.h"
#include "fivetuple/os/netlink/exchange.h"
#include "fivetuple/os/netlink/list.h"
#include "fivetuple/os/netlink/socket.h"

#include <utility>
#include <vector>

namespace fivetuple::blocking {

/// A socket to the kernel itself, as fivetuple::NetlinkSocket, by calls that block. netlink(7)
class NetlinkSocket {
public:
    NetlinkSocket() = default;

    /// Errors: EPROTONOSUPPORT (this kernel lacks that part), EMFILE.
    static Result<NetlinkSocket> open(netlink::Protocol protocol = netlink::Protocol::route);

    /// All there are: `socket.list<netlink::Link>()`.
    /// Errors: EPERM; EAGAIN, where it never stood still; deadline; malformed.
    template <netlink::Listed T>
    Result<std::vector<T>> list(Time deadline = kNever) {
        netlink::Gathered<T> there;
        FT_TRY_VOID(ask(T::list(), there, deadline));
        return std::move(there.all);
    }
    /// Has something done, as `socket.ask(netlink::add(address))`.
    /// Errors: what the kernel answers, in its words where it has some; deadline.
    Result<void> ask(netlink::Request request, Time deadline = kNever);
    /// The same, and hands the answer to `sink`, whose messages stay valid inside take() only.
    Result<void> ask(netlink::Request request, netlink::Sink& sink, Time deadline = kNever);
    /// The route that packets to `destination` take. Errors: ENETUNREACH and the like; deadline.
    Result<netlink::Route> route_to(const IpAddress& destination, Time deadline = kNever);

    const Fd& fd() const { return socket_.fd; }
    explicit operator bool() const { return static_cast<bool>(socket_.fd); }
    void close() { socket_.fd = Fd(); }

private:
    explicit NetlinkSocket(netlink::OpenSocket socket) : socket_(std::move(socket)) {}

    netlink::OpenSocket socket_;
    netlink::ReceiveRoom room_;
};

/// Tells what changes in this machine's network, as fivetuple::NetlinkEvents, by calls that block.
class NetlinkEvents {
public:
    NetlinkEvents() = default;

    /// Hears of all that happens from now on. Errors: EMFILE.
    static Result<NetlinkEvents> open(const netlink::Watched& watched = {});

    /// The next event. Errors: ENOBUFS, where some are lost: list again what matters, and go on;
    /// deadline; malformed.
    Result<netlink::Event> next(Time deadline = kNever);

    const Fd& fd() const { return watch_.socket.fd; }
    explicit operator bool() const { return static_cast<bool>(watch_.socket.fd); }
    void close() { watch_.socket.fd = Fd(); }

private:
    explicit NetlinkEvents(netlink::Observer::Watch watch) : watch_(std::move(watch)) {}

    netlink::Observer::Watch watch_;
    netlink::ReceiveRoom room_;
};

}  // namespace fivetuple::blocking
