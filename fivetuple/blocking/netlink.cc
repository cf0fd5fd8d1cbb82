#include "fivetuple/blocking/netlink.h"

#include <cerrno>

namespace fivetuple::blocking {

Result<NetlinkSocket> NetlinkSocket::open(netlink::Protocol protocol) {
    FT_TRY(netlink::OpenSocket opened, netlink::open_socket(protocol));
    return NetlinkSocket(std::move(opened));
}

Result<void> NetlinkSocket::ask(netlink::Request request, Time deadline) {
    netlink::NoSink sink;
    return ask(std::move(request), sink, deadline);
}

Result<void> NetlinkSocket::ask(netlink::Request request, netlink::Sink& sink, Time deadline) {
    return netlink::converse(socket_, room_, request, sink, deadline);
}

Result<netlink::Route> NetlinkSocket::route_to(const IpAddress& destination, Time deadline) {
    netlink::Gathered<netlink::Route> found;
    FT_TRY_VOID(ask(netlink::route_to(destination), found, deadline));
    if (found.all.empty()) return std::unexpected(netlink::no_answer("RTM_GETROUTE"));
    return std::move(found.all.front());
}

Result<NetlinkEvents> NetlinkEvents::open(const netlink::Watched& watched) {
    FT_TRY(netlink::Observer::Watch watch, netlink::Observer::watch(watched));
    return NetlinkEvents(std::move(watch));
}

Result<netlink::Event> NetlinkEvents::next(Time deadline) {
    netlink::Event event;
    while (true) {
        FT_TRY(const bool is_there, watch_.observer.next(event));
        if (is_there) return event;
        auto datagram = netlink::receive_blocking(watch_.socket, room_, deadline);
        if (!datagram) {
            Error error = std::move(datagram).error();
            if (error.is(ENOBUFS)) FT_TRY_VOID(watch_.observer.relist());
            return std::unexpected(std::move(error));
        }
        watch_.observer.begin(*datagram);
    }
}

}  // namespace fivetuple::blocking
