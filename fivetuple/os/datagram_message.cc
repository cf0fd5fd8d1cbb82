#include "fivetuple/os/datagram_message.h"

#include "fivetuple/os/ancillary.h"

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

namespace fivetuple {
namespace {

template <class T>
std::optional<T> take_front(std::deque<T>& queue) {
    if (queue.empty()) return std::nullopt;
    const T oldest = queue.front();
    queue.pop_front();
    return oldest;
}

}  // namespace

mmsghdr& DatagramRoom::prepare(MutableBytes into) {
    room_.receive_into(header_.msg_hdr, into);
    return header_;
}

Result<Datagram> DatagramRoom::take(WhenCut when_cut) const {
    std::uint32_t segment = 0;
    Datagram datagram = read_message(header_.msg_hdr, header_.msg_len, segment);
    if (!datagram.is_truncated() || when_cut == WhenCut::keep) return datagram;
    return std::unexpected(Error::system(EMSGSIZE, "recvmsg")
                               .because("a datagram of " + std::to_string(datagram.size) +
                                        " bytes came, and the buffer holds " +
                                        std::to_string(header_.msg_hdr.msg_iov->iov_len)));
}

Error not_asked_for_sent_times() {
    return Error::system(EINVAL, "recvmsg")
        .because("the socket was not opened with UdpOptions::tell_sent");
}

Error receives_many_only() {
    return Error::system(EINVAL, "recvmsg")
        .because(
            "this socket receives many at a time: its datagrams come joined; go on with "
            "receive_many()");
}

DatagramToSend::DatagramToSend(Bytes bytes, const SocketAddress* to) : bytes_(bytes) {
    if (to != nullptr) to_ = *to;
}

Result<void> DatagramToSend::say(const SendDetails& details, const Result<SocketAddress>& local) {
    const Family family = to_ ? to_->family() : local ? local->family() : Family::none;
    SendDetails said = details;
    // To name an IPv4 interface is to give up the address that the socket is bound to, unless that
    // is said again.
    if (said.interface != 0 && !said.from && family == Family::ipv4 && local &&
        local->family() == family && !local->ip().is_unspecified()) {
        said.from = local->ip();
    }
    ControlWriter writer(control_);
    auto written = said.write(family, writer);
    control_size_ = writer.written().size();
    return written;
}

mmsghdr& DatagramToSend::prepare() {
    msghdr& message = header_.msg_hdr;
    message = {};
    if (to_) {
        message.msg_name = const_cast<sockaddr*>(to_->raw());
        message.msg_namelen = to_->raw_size();
    }
    message.msg_iov = reinterpret_cast<iovec*>(&bytes_);
    message.msg_iovlen = 1;
    if (control_size_ > 0) message.msg_control = control_.data();
    message.msg_controllen = control_size_;
    return header_;
}

Error DatagramToSend::about(Error why) const {
    return to_ ? std::move(why).about(to_->to_string()) : why;
}

void FailureLog::add(const DatagramFailure& failure) {
    constexpr std::size_t kFailures = 64;
    constexpr std::size_t kTimes = 4096;
    if (failure.sent) {
        if (sent_times_.size() == kTimes) sent_times_.pop_front();
        return sent_times_.push_back(*failure.sent);
    }
    if (failures_.size() == kFailures) failures_.pop_front();
    failures_.push_back(failure);
}

std::optional<DatagramFailure> FailureLog::take() { return take_front(failures_); }

std::optional<SentTime> FailureLog::take_sent_time() { return take_front(sent_times_); }

}  // namespace fivetuple
