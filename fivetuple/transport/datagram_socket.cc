#include "fivetuple/transport/datagram_socket.h"

#include <utility>

namespace fivetuple {

void DatagramSocket::MessageOp::end_use() {
    SocketOp::end_use();
    if (result < 0 && result != -ECANCELED && socket_.failures_ != nullptr) {
        socket_.drain_failures();
    }
}

void DatagramSocket::drain_failures() {
    failures_->fill([this] { return loop().sockets().take_failure(handle()); });
}

std::optional<DatagramFailure> DatagramSocket::take_failure() {
    return failures_ == nullptr ? std::nullopt : failures_->take();
}

// --- Receiving ---------------------------------------------------------------------------------

bool DatagramSocket::Receive::start(Node& node, std::coroutine_handle<> sleeper) {
    begin_use();
    refused_ = socket_.joining_.receives;
    if (refused_) {
        belongs_to(node);
        return false;
    }
    ask_receive_messages(socket_handle(), {&room_.prepare(into_), 1});
    return begin(node, sleeper);
}

Result<Datagram> DatagramSocket::Receive::finish() {
    end_use();
    if (refused_) return std::unexpected(receives_many_only());
    if (result < 0) return std::unexpected(error("recvmsg"));
    return room_.take(when_cut_);
}

bool DatagramSocket::ReceiveMany::start(Node& node, std::coroutine_handle<> sleeper) {
    begin_use();
    socket_.joining_.before_receiving_many(OptionAccess(socket_));
    ask_receive_messages(socket_handle(), batch_.headers_to_fill());
    return begin(node, sleeper);
}

Result<std::size_t> DatagramSocket::ReceiveMany::finish() {
    end_use();
    if (result < 0) return std::unexpected(error("recvmmsg"));
    batch_.received(static_cast<std::size_t>(result));
    return batch_.messages();
}

// --- Sending -----------------------------------------------------------------------------------

DatagramSocket::Send::Send(DatagramSocket& socket, Bytes datagram, const SocketAddress* to,
                           const SendDetails& details)
    : MessageOp(socket, OpKind::send_messages, kWrites), datagram_(datagram, to) {
    if (details.empty()) return;
    auto said = datagram_.say(details, socket.local_address());
    if (!said) refused_ = std::move(said).error();
}

bool DatagramSocket::Send::start(Node& node, std::coroutine_handle<> sleeper) {
    begin_use();
    if (refused_) {
        belongs_to(node);
        return false;
    }
    ask_send_messages(socket_handle(), {&datagram_.prepare(), 1});
    return begin(node, sleeper);
}

Result<void> DatagramSocket::Send::finish() {
    end_use();
    if (refused_) return std::unexpected(std::move(*refused_));
    if (result >= 0) return {};
    return std::unexpected(datagram_.about(error("sendmsg")));
}

bool DatagramSocket::SendMany::ask_for_rest() {
    const auto headers = batch_.headers_to_send();
    if (headers.empty()) return false;
    ask_send_messages(socket_handle(), headers);
    return true;
}

bool DatagramSocket::SendMany::start(Node& node, std::coroutine_handle<> sleeper) {
    begin_use();
    batch_.plan(socket_.joining_.sends);
    if (ask_for_rest()) return begin(node, sleeper);
    belongs_to(node);
    return false;
}

void DatagramSocket::SendMany::step(Job& job) {
    auto& self = static_cast<SendMany&>(static_cast<Op&>(job));
    bool goes_on = false;
    if (self.result > 0) {
        self.batch_.sent(static_cast<std::size_t>(self.result));
        goes_on = true;
    } else if (self.result < 0) {
        goes_on = self.batch_.can_go_on(self.result, self.socket_.joining_.sends);
    }
    if (goes_on && self.ask_for_rest()) {
        if (!self.node().is_stopped()) return self.loop().backend().submit(self);
        self.result = -ECANCELED;
    }
    self.resume();
}

Transfer DatagramSocket::SendMany::finish() {
    end_use();
    if (result < 0) return {batch_.datagrams_sent(), error("sendmmsg")};
    return Transfer(batch_.datagrams_sent());
}

}  // namespace fivetuple
