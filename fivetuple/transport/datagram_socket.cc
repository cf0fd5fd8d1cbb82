#include "fivetuple/transport/datagram_socket.h"

#include "fivetuple/os/option.h"
#include "fivetuple/os/options/udp.h"

#include <string>
#include <utility>

namespace fivetuple {

void DatagramSocket::MessageOp::end_use() {
    SocketOp::end_use();
    if (result < 0 && result != -ECANCELED && socket_.failures_ != nullptr) {
        socket_.drain_failures();
    }
}

void DatagramSocket::drain_failures() {
    constexpr std::size_t kMost = 64;
    while (true) {
        auto failure = loop().sockets().take_failure(handle());
        if (!failure || !*failure) return;
        if (failures_->size() == kMost) failures_->pop_front();
        failures_->push_back(**failure);
    }
}

void DatagramSocket::join_received() {
    joins_received_ = set(*this, UdpReceiveOffload{}).has_value();
    may_join_received_ = false;
}

std::optional<DatagramFailure> DatagramSocket::take_failure() {
    if (failures_ == nullptr || failures_->empty()) return std::nullopt;
    const DatagramFailure oldest = failures_->front();
    failures_->pop_front();
    return oldest;
}

// --- Receiving ---------------------------------------------------------------------------------

bool DatagramSocket::Receive::start(Node& node, std::coroutine_handle<> sleeper) {
    begin_use();
    refused_ = socket_.joins_received_;
    if (refused_) {
        belongs_to(node);
        return false;
    }
    room_.receive_into(header_.msg_hdr, into_);
    ask_receive_messages(socket_handle(), {&header_, 1});
    return begin(node, sleeper);
}

Result<Datagram> DatagramSocket::Receive::finish() {
    end_use();
    if (refused_) {
        return std::unexpected(Error::system(EINVAL, "recvmsg")
                                   .because("this socket receives many at a time: its datagrams "
                                            "come joined; go on with receive_many()"));
    }
    if (result < 0) return std::unexpected(error("recvmsg"));
    std::uint32_t segment = 0;
    Datagram datagram = read_message(header_.msg_hdr, header_.msg_len, segment);
    if (datagram.is_truncated() && when_cut_ == WhenCut::fail) {
        return std::unexpected(Error::system(EMSGSIZE, "recvmsg")
                                   .because("a datagram of " + std::to_string(datagram.size) +
                                            " bytes came, and the buffer holds " +
                                            std::to_string(into_.size())));
    }
    return datagram;
}

bool DatagramSocket::ReceiveMany::start(Node& node, std::coroutine_handle<> sleeper) {
    begin_use();
    if (socket_.may_join_received_) socket_.join_received();
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
    : MessageOp(socket, OpKind::send_messages, kWrites), piece_(datagram) {
    if (to != nullptr) to_ = *to;
    if (details.empty()) return;
    ControlWriter writer(control_);
    const auto local = socket.local_address();
    const Family family = to != nullptr ? to->family() : local ? local->family() : Family::none;
    SendDetails said = details;
    // To name an IPv4 interface is to give up the address that the socket is bound to, unless that
    // is said again.
    if (said.interface != 0 && !said.from && family == Family::ipv4 && local &&
        local->family() == family && !local->ip().is_unspecified()) {
        said.from = local->ip();
    }
    auto written = said.write(family, writer);
    if (!written) refused_ = std::move(written).error();
    control_size_ = writer.written().size();
}

bool DatagramSocket::Send::start(Node& node, std::coroutine_handle<> sleeper) {
    begin_use();
    msghdr& message = header_.msg_hdr;
    if (to_) {
        message.msg_name = const_cast<sockaddr*>(to_->raw());
        message.msg_namelen = to_->raw_size();
    }
    message.msg_iov = reinterpret_cast<iovec*>(&piece_);
    message.msg_iovlen = 1;
    if (control_size_ > 0) message.msg_control = control_.data();
    message.msg_controllen = control_size_;
    if (refused_) {
        belongs_to(node);
        return false;
    }
    ask_send_messages(socket_handle(), {&header_, 1});
    return begin(node, sleeper);
}

Result<void> DatagramSocket::Send::finish() {
    end_use();
    if (refused_) return std::unexpected(std::move(*refused_));
    if (result >= 0) return {};
    Error why = error("sendmsg");
    if (to_) why = std::move(why).about(to_->to_string());
    return std::unexpected(std::move(why));
}

bool DatagramSocket::SendMany::ask_for_rest() {
    const auto headers = batch_.headers_to_send();
    if (headers.empty()) return false;
    ask_send_messages(socket_handle(), headers);
    return true;
}

bool DatagramSocket::SendMany::start(Node& node, std::coroutine_handle<> sleeper) {
    begin_use();
    batch_.plan(socket_.joins_sent_);
    if (ask_for_rest()) return begin(node, sleeper);
    belongs_to(node);
    return false;
}

// Whether a refused message can go in another way: datagrams that were joined, one by one.
bool DatagramSocket::SendMany::can_go_on() {
    if (!batch_.next_is_joined()) return false;
    switch (-result) {
        case EIO:  // The way out cannot compute checksums.
        case ENOPROTOOPT:
        case EOPNOTSUPP:
            socket_.joins_sent_ = false;
            break;
        case EINVAL:  // Each alone is more than the path takes, and has to be cut by IP.
        case EMSGSIZE:
            break;
        default:
            return false;
    }
    batch_.plan(false);
    return true;
}

void DatagramSocket::SendMany::step(Job& job) {
    auto& self = static_cast<SendMany&>(static_cast<Op&>(job));
    bool goes_on = false;
    if (self.result > 0) {
        self.batch_.sent(static_cast<std::size_t>(self.result));
        goes_on = true;
    } else if (self.result < 0) {
        goes_on = self.can_go_on();
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
