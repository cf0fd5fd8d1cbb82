#include "fivetuple/transport/datagram_socket.h"

#include "fivetuple/os/options/socket.h"

#include <cerrno>
#include <utility>

namespace fivetuple {

void DatagramSocket::MessageOp::end_use() {
    SocketOp::end_use();
    const bool has_failed = result < 0 && result != -ECANCELED;
    // Most devices know the time by now, and a queue that is empty wakes nobody.
    const bool has_sent = kind == OpKind::send_messages && socket_.tells_sent_;
    if (has_failed || has_sent) socket_.drain_failures();
}

void DatagramSocket::MessageOp::step_over_notes(Job& job) {
    auto& self = static_cast<MessageOp&>(static_cast<Op&>(job));
    if (self.result != -EAGAIN) return self.resume();
    self.socket_.drain_failures();
    if (!self.node().is_stopped()) return self.loop().backend().submit(self);
    self.result = -ECANCELED;
    self.resume();
}

void DatagramSocket::drain_failures() {
    if (failures_ == nullptr) return;
    failures_->fill([this] { return loop().sockets().take_failure(handle()); });
    if (waiter_ != nullptr && failures_->has_sent_times()) loop().backend().cancel(*waiter_);
}

std::optional<DatagramFailure> DatagramSocket::take_failure() {
    return failures_ == nullptr ? std::nullopt : failures_->take();
}

// --- Times of sends ----------------------------------------------------------------------------

bool DatagramSocket::NextSentTime::start(Node& node, std::coroutine_handle<> sleeper) {
    begin_use();
    if (socket_.tells_sent_) {
        socket_.drain_failures();
        found_ = socket_.failures_->take_sent_time();
        ask_poll(socket_handle(), 0);  // An error queue with something in it is POLLERR.
        if (!found_) {
            socket_.waiter_ = this;
            return begin(node, sleeper);
        }
    }
    belongs_to(node);
    return false;
}

void DatagramSocket::NextSentTime::step(Job& job) {
    auto& self = static_cast<NextSentTime&>(static_cast<Op&>(job));
    DatagramSocket& socket = self.socket_;
    socket.waiter_ = nullptr;
    if (self.result < 0 && self.result != -ECANCELED) return self.resume();
    socket.drain_failures();
    self.found_ = socket.failures_->take_sent_time();
    if (self.found_) return self.resume();
    // Else it is an earlier datagram that came back, which would wake us again and again.
    const auto pending = get<PendingError>(socket);
    const int code = self.result > 0 && pending ? pending->code : 0;
    if (code == 0 && !self.node().is_stopped()) {
        socket.waiter_ = &self;
        return self.loop().backend().submit(self);
    }
    self.result = code != 0 ? -code : -ECANCELED;
    self.resume();
}

Result<SentTime> DatagramSocket::NextSentTime::finish() {
    SocketOp::end_use();
    if (found_) return *found_;
    if (socket_.tells_sent_) return std::unexpected(error("recvmsg"));
    return std::unexpected(not_asked_for_sent_times());
}

// --- Receiving ---------------------------------------------------------------------------------

bool DatagramSocket::Receive::start(Node& node, std::coroutine_handle<> sleeper) {
    begin_use();
    refused_ = socket_.joining_.receives;
    if (refused_) {
        belongs_to(node);
        return false;
    }
    ask_receive_messages(socket_handle(), {&room_.prepare(into_), 1}, socket_.tells_sent_);
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
    ask_receive_messages(socket_handle(), batch_.headers_to_fill(), socket_.tells_sent_);
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
