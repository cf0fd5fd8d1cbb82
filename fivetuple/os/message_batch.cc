#include "fivetuple/os/message_batch.h"

#include "fivetuple/base/assert.h"
#include "fivetuple/os/options/udp.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace fivetuple {
namespace {

// What the kernel takes in one message: UDP_MAX_SEGMENTS, and what IP can carry.
constexpr std::uint32_t kMostSegments = 64;
constexpr std::uint32_t kMostJoined = 65487;

}  // namespace

void MessageRoom::receive_into(msghdr& header, MutableBytes into) {
    bytes = {into.data(), into.size()};
    header.msg_name = &name;
    header.msg_namelen = sizeof name;
    header.msg_iov = &bytes;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    header.msg_flags = 0;
}

Datagram read_message(const msghdr& header, std::size_t size, std::uint32_t& segment) {
    Datagram datagram;
    const iovec& room = header.msg_iov[0];
    datagram.bytes = {static_cast<const std::byte*>(room.iov_base), std::min(size, room.iov_len)};
    datagram.size = size;
    segment = 0;
    if (header.msg_namelen > 0) {
        const auto from = SocketAddress::from_raw(static_cast<const sockaddr*>(header.msg_name),
                                                  header.msg_namelen);
        if (from) datagram.from = *from;
    }
    ControlReader control({static_cast<const std::byte*>(header.msg_control),
                           static_cast<std::size_t>(header.msg_controllen)});
    ControlMessage message;
    while (control.next(message)) {
        if (datagram.details.read(message)) continue;
        int value = 0;
        const bool is_gro =
            message.level == UdpReceiveOffload::level && message.type == UdpReceiveOffload::number;
        if (is_gro && message.read(value) && value > 0) segment = static_cast<unsigned>(value);
    }
    return datagram;
}

// --- Receiving ---------------------------------------------------------------------------------

ReceiveBatch::ReceiveBatch(std::size_t messages, std::size_t bytes_each)
    : bytes_each_(bytes_each),
      headers_(messages),
      rooms_(messages),
      memory_(std::make_unique_for_overwrite<std::byte[]>(messages * bytes_each)) {}

std::span<mmsghdr> ReceiveBatch::headers_to_fill() {
    received_ = 0;
    for (std::size_t at = 0; at < headers_.size(); ++at) {
        rooms_[at].receive_into(headers_[at].msg_hdr,
                                {memory_.get() + at * bytes_each_, bytes_each_});
    }
    return headers_;
}

void ReceiveBatch::Iterator::read_header() {
    if (at_ == batch_->received_) return;
    const mmsghdr& header = batch_->headers_[at_];
    datagram_ = read_message(header.msg_hdr, header.msg_len, segment_);
    held_ = datagram_.bytes;
    whole_ = datagram_.size;
    offset_ = 0;
    if (segment_ != 0) cut_segment();
}

void ReceiveBatch::Iterator::cut_segment() {
    datagram_.size = std::min<std::size_t>(segment_, whole_ - offset_);
    const std::size_t held = held_.size() - std::min(offset_, held_.size());
    datagram_.bytes = held == 0 ? Bytes() : held_.subspan(offset_, std::min(datagram_.size, held));
}

ReceiveBatch::Iterator& ReceiveBatch::Iterator::operator++() {
    offset_ += datagram_.size;
    if (segment_ != 0 && offset_ < whole_) {
        cut_segment();
    } else {
        ++at_;
        read_header();
    }
    return *this;
}

// --- Sending -----------------------------------------------------------------------------------

void SendBatch::add(Bytes datagram) { add(datagram, nullptr); }
void SendBatch::add(Bytes datagram, const SocketAddress& to) { add(datagram, &to); }

bool SendBatch::joins(const Run& run, std::size_t size, const SocketAddress* to) const {
    if (run.is_closed || size == 0 || size > run.segment) return false;
    if (run.count == kMostSegments || run.total + size > kMostJoined) return false;
    if (run.has_address != (to != nullptr)) return false;
    return to == nullptr || addresses_[run.address] == *to;
}

void SendBatch::add(Bytes datagram, const SocketAddress* to) {
    const auto size = static_cast<std::uint32_t>(std::min<std::size_t>(datagram.size(), 1U << 30));
    pieces_.push_back({const_cast<std::byte*>(datagram.data()), datagram.size()});
    if (runs_.empty() || !joins(runs_.back(), datagram.size(), to)) {
        Run run;
        run.first = static_cast<std::uint32_t>(pieces_.size() - 1);
        run.segment = size;
        run.is_closed = size == 0;
        run.has_address = to != nullptr;
        if (to != nullptr && (addresses_.empty() || addresses_.back() != *to)) {
            addresses_.push_back(*to);
        }
        run.address = static_cast<std::uint32_t>(addresses_.empty() ? 0 : addresses_.size() - 1);
        runs_.push_back(run);
    }
    Run& run = runs_.back();
    run.count++;
    run.total += size;
    run.is_closed |= size < run.segment;  // Only the last may be smaller.
}

void SendBatch::clear() {
    pieces_.clear();
    addresses_.clear();
    runs_.clear();
    headers_.clear();
    controls_.clear();
    planned_sent_ = 0;
    sent_ = 0;
}

void SendBatch::plan(bool joined) {
    headers_.clear();
    controls_.clear();
    controls_.reserve(runs_.size());  // They must not move: headers point to them.
    planned_sent_ = 0;
    for (const Run& run : runs_) {
        const auto begin = std::max<std::uint32_t>(run.first, static_cast<std::uint32_t>(sent_));
        const std::uint32_t end = run.first + run.count;
        if (begin >= end) continue;
        const std::uint32_t step = joined ? end - begin : 1;
        for (std::uint32_t at = begin; at < end; at += step) plan_message(run, at, step);
    }
}

void SendBatch::plan_message(const Run& run, std::uint32_t first, std::uint32_t count) {
    mmsghdr& header = headers_.emplace_back();
    msghdr& message = header.msg_hdr;
    if (run.has_address) {
        const SocketAddress& to = addresses_[run.address];
        message.msg_name = const_cast<sockaddr*>(to.raw());
        message.msg_namelen = to.raw_size();
    }
    message.msg_iov = &pieces_[first];
    message.msg_iovlen = count;
    if (count == 1) return;
    Control& control = controls_.emplace_back();
    ControlWriter writer(control.bytes);
    const bool fits = writer.add_value(UdpSegment::level, UdpSegment::number,
                                       static_cast<std::uint16_t>(run.segment));
    FT_ASSERT(fits, "the room is made for it");
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
}

void SendBatch::sent(std::size_t messages) {
    for (std::size_t at = 0; at < messages; ++at) {
        sent_ += headers_[planned_sent_++].msg_hdr.msg_iovlen;
    }
}

bool SendBatch::can_go_on(int result, bool& joins) {
    const bool is_joined =
        planned_sent_ < headers_.size() && headers_[planned_sent_].msg_hdr.msg_iovlen > 1;
    if (!is_joined) return false;
    switch (-result) {
        case EIO:  // The way out cannot compute checksums.
        case ENOPROTOOPT:
        case EOPNOTSUPP:
            joins = false;
            break;
        case EINVAL:  // Each alone is more than the path takes, and has to be cut by IP.
        case EMSGSIZE:
            break;
        default:
            return false;
    }
    plan(false);
    return true;
}

}  // namespace fivetuple
