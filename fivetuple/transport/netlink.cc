#include "fivetuple/transport/netlink.h"

#include "fivetuple/task/await.h"

#include <cerrno>

namespace fivetuple {
namespace {

/// Waits for a datagram of the kernel: Result<Bytes>, which stay the room's.
class ReceiveDatagram : public SocketOp, public Awaits<ReceiveDatagram> {
public:
    ReceiveDatagram(LoopSocket& socket, netlink::ReceiveRoom& room)
        : SocketOp(socket, OpKind::receive_messages, kReads), room_(room) {}
    bool start(Node& node, std::coroutine_handle<> sleeper) {
        begin_use();
        ask_receive_messages(socket_handle(), {&room_.prepare(), 1});
        return begin(node, sleeper);
    }
    Result<Bytes> finish() {
        end_use();
        if (result >= 0) return room_.take();
        if (result == -ECANCELED) return std::unexpected(error("recvmsg"));
        return std::unexpected(netlink::receive_error(-result));
    }

private:
    netlink::ReceiveRoom& room_;
};

/// Sends a request: Result<void>. The kernel takes it whole.
class SendRequest : public SocketOp, public Awaits<SendRequest> {
public:
    SendRequest(LoopSocket& socket, Bytes request)
        : SocketOp(socket, OpKind::send, kWrites), request_(request) {}
    bool start(Node& node, std::coroutine_handle<> sleeper) {
        begin_use();
        ask_send(socket_handle(), request_);
        return begin(node, sleeper);
    }
    Result<void> finish() {
        end_use();
        if (result >= 0) return {};
        return std::unexpected(error("send").about("netlink"));
    }

private:
    Bytes request_;
};

}  // namespace

Result<NetlinkSocket> NetlinkSocket::open(Loop& loop, netlink::Protocol protocol) {
    FT_TRY(netlink::OpenSocket opened, netlink::open_socket(protocol));
    FT_TRY(const Handle handle, loop.sockets().adopt(std::move(opened.fd)));
    return NetlinkSocket(loop, handle, std::move(opened));
}

Task<Result<void>> NetlinkSocket::ask(netlink::Request request) {
    netlink::NoSink sink;
    co_return co_await ask(std::move(request), sink);
}

Task<Result<void>> NetlinkSocket::ask(netlink::Request request, netlink::Sink& sink) {
    for (int attempt = 0; attempt < netlink::kMostAttempts; ++attempt) {
        if (state_.is_answering) {
            FT_CO_TRY(NetlinkSocket fresh, open(loop(), state_.protocol));
            *this = std::move(fresh);
        }
        FT_CO_TRY(const Bytes bytes, request.to_send(++state_.sequence));
        state_.is_answering = true;
        FT_CO_TRY_VOID(co_await SendRequest(*this, bytes));
        netlink::Exchange exchange(request, state_.sequence, state_.port);
        while (!exchange.is_done()) {
            FT_CO_TRY(const Bytes datagram, co_await ReceiveDatagram(*this, room_));
            exchange.begin(datagram);
            auto drained = netlink::drain(exchange, sink);
            state_.is_answering = !exchange.has_ended();
            FT_CO_TRY_VOID(std::move(drained));
        }
        if (!exchange.was_interrupted()) co_return {};
        sink.restart();
    }
    co_return std::unexpected(netlink::ever_changing(request));
}

Task<Result<netlink::Route>> NetlinkSocket::route_to(IpAddress destination) {
    netlink::Gathered<netlink::Route> found;
    FT_CO_TRY_VOID(co_await ask(netlink::route_to(destination), found));
    if (found.all.empty()) co_return std::unexpected(netlink::no_answer("RTM_GETROUTE"));
    co_return std::move(found.all.front());
}

Result<NetlinkEvents> NetlinkEvents::open(Loop& loop, const netlink::Watched& watched) {
    FT_TRY(netlink::Observer::Watch watch, netlink::Observer::watch(watched));
    FT_TRY(const Handle handle, loop.sockets().adopt(std::move(watch.socket.fd)));
    return NetlinkEvents(loop, handle, std::move(watch.observer));
}

Task<Result<netlink::Event>> NetlinkEvents::next() {
    netlink::Event event;
    while (true) {
        FT_CO_TRY(const bool is_there, observer_.next(event));
        if (is_there) co_return event;
        auto datagram = co_await ReceiveDatagram(*this, room_);
        if (!datagram) {
            Error error = std::move(datagram).error();
            if (error.is(ENOBUFS)) FT_CO_TRY_VOID(observer_.relist());
            co_return std::unexpected(std::move(error));
        }
        observer_.begin(*datagram);
    }
}

}  // namespace fivetuple
