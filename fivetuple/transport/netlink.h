#pragma once

#include "fivetuple/os/netlink/event.h"
#include "fivetuple/os/netlink/exchange.h"
#include "fivetuple/os/netlink/list.h"
#include "fivetuple/os/netlink/socket.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/loop_socket.h"

#include <utility>
#include <vector>

namespace fivetuple {

/// A socket to the kernel itself: lists and changes links, addresses, routes and neighbours, and
/// whatever else is asked for by a netlink::Request. One task at a time asks. netlink(7),
/// rtnetlink(7)
class NetlinkSocket : public LoopSocket {
public:
    NetlinkSocket() = default;
    NetlinkSocket(NetlinkSocket&&) noexcept = default;
    NetlinkSocket& operator=(NetlinkSocket&&) noexcept = default;

    /// Errors: EPROTONOSUPPORT (this kernel lacks that part), EMFILE; limit as Sockets::adopt().
    static Result<NetlinkSocket> open(Loop& loop,
                                      netlink::Protocol protocol = netlink::Protocol::route);

    /// All there are: `co_await socket.list<netlink::Link>()`. One that changes while it is read is
    /// read again, up to ten times. Errors: EPERM; EAGAIN, where it never stood still; cancelled,
    /// deadline; malformed.
    template <netlink::Listed T>
    Task<Result<std::vector<T>>> list() {
        netlink::Gathered<T> there;
        FT_CO_TRY_VOID(co_await ask(T::list(), there));
        co_return std::move(there.all);
    }
    /// Has something done, as `co_await socket.ask(netlink::add(address))`.
    /// Errors: what the kernel answers, in its words where it has some; cancelled, deadline. Where
    /// it was cancelled the kernel may have done it all the same.
    Task<Result<void>> ask(netlink::Request request);
    /// The same, and hands the answer to `sink`, whose messages stay valid inside take() only.
    Task<Result<void>> ask(netlink::Request request, netlink::Sink& sink);
    /// The route that packets to `destination` take, with the source address they get. Errors:
    /// ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL: there is none.
    Task<Result<netlink::Route>> route_to(IpAddress destination);

    void close() { LoopSocket::close(); }

private:
    NetlinkSocket(Loop& loop, Handle socket, netlink::OpenSocket opened)
        : LoopSocket(loop, socket), state_(std::move(opened)) {}

    netlink::OpenSocket state_;  // But for the descriptor, which is the loop's.
    netlink::ReceiveRoom room_;
};

/// Tells what changes in this machine's network: links, addresses, routes, neighbours. One task
/// waits for it. rtnetlink(7)
class NetlinkEvents : public LoopSocket {
public:
    NetlinkEvents() = default;
    NetlinkEvents(NetlinkEvents&&) noexcept = default;
    NetlinkEvents& operator=(NetlinkEvents&&) noexcept = default;

    /// Hears of all that happens from now on. Learns first what there is, by blocking calls that
    /// the kernel answers at once. Errors: EMFILE; limit as Sockets::adopt().
    static Result<NetlinkEvents> open(Loop& loop, const netlink::Watched& watched = {});

    /// The next event.
    /// Errors: ENOBUFS, where events came faster than they were taken and some are lost: list again
    /// what matters, and go on (ReceiveBuffer makes it rarer); cancelled, deadline; malformed.
    Task<Result<netlink::Event>> next();

    void close() { LoopSocket::close(); }

private:
    NetlinkEvents(Loop& loop, Handle socket, netlink::Observer observer)
        : LoopSocket(loop, socket), observer_(std::move(observer)) {}

    netlink::Observer observer_;
    netlink::ReceiveRoom room_;
};

}  // namespace fivetuple
