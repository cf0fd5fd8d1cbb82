#include "fivetuple/transport/udp.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/options.h"
#include "fivetuple/transport/connect.h"

namespace fivetuple {

Result<UdpSocket> UdpSocket::open(Loop& loop, Family family, const UdpOptions& options) {
    FT_TRY(const Handle handle, loop.sockets().open(family, SocketType::datagram, 0));
    UdpSocket socket(loop, handle);
    FT_TRY_VOID(switch_on(OptionAccess(socket), family, options.tell));
    if (options.report_failures) {
        FT_TRY_VOID(set(socket, ReceiveErrors{}));
        if (family == Family::ipv6) FT_TRY_VOID(set(socket, V6ReceiveErrors{}));
        socket.failures_ = std::make_unique<std::deque<DatagramFailure>>();
    }
    if (options.reuse_port) FT_TRY_VOID(set(socket, ReusePort{}));
    if (options.reuse_address) FT_TRY_VOID(set(socket, ReuseAddress{}));
    if (family == Family::ipv6) FT_TRY_VOID(set(socket, V6Only{{options.v6_only}}));
    if (options.broadcast) FT_TRY_VOID(set(socket, Broadcast{}));
    if (options.join) socket.join();
    return socket;
}

Result<UdpSocket> UdpSocket::bind(Loop& loop, const SocketAddress& at, const UdpOptions& options) {
    if (!at.is_ip()) {
        return std::unexpected(
            Error::malformed("bind", "UDP needs an IP address").about(at.to_string()));
    }
    FT_TRY(UdpSocket socket, open(loop, at.family(), options));
    FT_TRY_VOID(loop.sockets().bind(socket.handle(), at));
    return socket;
}

Task<Result<UdpSocket>> UdpSocket::connect(SocketAddress to, UdpOptions options) {
    if (!to.is_ip()) {
        co_return std::unexpected(
            Error::malformed("connect", "UDP needs an IP address").about(to.to_string()));
    }
    Loop& loop = co_await this_loop();
    FT_CO_TRY(UdpSocket socket, open(loop, to.family(), options));
    if (options.from) FT_CO_TRY_VOID(loop.sockets().bind(socket.handle(), *options.from));
    FT_CO_TRY_VOID(co_await ConnectSocket(socket.handle(), to));
    co_return socket;
}

void UdpSocket::join() {
    // Without it the calls for many still move many messages each.
    joins_sent_ = get<UdpSegment>(*this).has_value();
    may_join_received_ = get<UdpReceiveOffload>(*this).has_value();
}

UdpMeans UdpSocket::means() const {
    return {joins_sent_, joins_received_ || may_join_received_, calls::moves_many_messages()};
}

std::string UdpMeans::to_string() const {
    const auto way = [](bool joined, const char* joining, bool many, const char* call,
                        const char* single) {
        return std::string(joined ? joining : "") + (many ? call : single);
    };
    return "sends " + way(sends_joined, "GSO, ", many_a_call, "sendmmsg", "sendmsg") +
           "; receives " + way(receives_joined, "GRO, ", many_a_call, "recvmmsg", "recvmsg");
}

}  // namespace fivetuple
