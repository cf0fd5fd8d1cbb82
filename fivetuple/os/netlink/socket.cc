#include "fivetuple/os/netlink/socket.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/wait.h"

#include <linux/netlink.h>

#include <cerrno>
#include <string>
#include <utility>

namespace fivetuple::netlink {
namespace {

Error failed(const char* call) { return Error::system(errno, call).about("netlink"); }

// These make answers better; an older kernel has not all of them.
void ask_for_words(int fd) {
    constexpr int kOn = 1;
    for (const int option : {NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK}) {
        ::setsockopt(fd, SOL_NETLINK, option, &kOn, sizeof kOn);
    }
}

}  // namespace

Result<OpenSocket> open_socket(Protocol protocol, std::span<const std::uint32_t> groups) {
    OpenSocket opened;
    opened.protocol = protocol;
    opened.fd = Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                            std::to_underlying(protocol)));
    if (!opened.fd) return std::unexpected(failed("socket"));
    ask_for_words(opened.fd.raw());
    sockaddr_nl name{};
    name.nl_family = AF_NETLINK;
    auto* raw = reinterpret_cast<sockaddr*>(&name);
    socklen_t size = sizeof name;
    if (::bind(opened.fd.raw(), raw, size) != 0) return std::unexpected(failed("bind"));
    if (::getsockname(opened.fd.raw(), raw, &size) != 0) {
        return std::unexpected(failed("getsockname"));
    }
    opened.port = name.nl_pid;
    for (const std::uint32_t group : groups) {
        if (::setsockopt(opened.fd.raw(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
                         sizeof group) != 0) {
            return std::unexpected(Error::system(errno, "setsockopt NETLINK_ADD_MEMBERSHIP")
                                       .about("group " + std::to_string(group)));
        }
    }
    return opened;
}

mmsghdr& ReceiveRoom::prepare() {
    static_assert(sizeof(sockaddr_nl) <= sizeof header_->name);
    if (header_ == nullptr) {
        header_ = std::make_unique<Header>();
        memory_ = std::make_unique_for_overwrite<std::byte[]>(size_);
    }
    header_->bytes = {memory_.get(), size_};
    msghdr& message = header_->message.msg_hdr;
    message = {};
    message.msg_name = header_->name.data();
    message.msg_namelen = sizeof(sockaddr_nl);
    message.msg_iov = &header_->bytes;
    message.msg_iovlen = 1;
    return header_->message;
}

Result<Bytes> ReceiveRoom::take() const {
    const msghdr& message = header_->message.msg_hdr;
    sockaddr_nl from{};
    if (message.msg_namelen != sizeof from) {
        return std::unexpected(Error::malformed("netlink", "a datagram without a sender came"));
    }
    std::memcpy(&from, header_->name.data(), sizeof from);
    if (from.nl_family != AF_NETLINK || from.nl_pid != 0) return Bytes();
    const std::size_t size = header_->message.msg_len;
    if (size > size_) {
        return std::unexpected(Error::limit("netlink", "a datagram of " + std::to_string(size) +
                                                           " bytes came, and the buffer holds " +
                                                           std::to_string(size_)));
    }
    return Bytes(memory_.get(), size);
}

Error receive_error(int code) {
    Error error = Error::system(code, "recvmsg").about("netlink");
    if (code != ENOBUFS) return error;
    return std::move(error).because(
        "messages were lost: they came faster than they were taken; what they told must be listed "
        "again");
}

Result<Bytes> receive_blocking(const OpenSocket& socket, ReceiveRoom& room, Time deadline) {
    const int fd = socket.fd.raw();
    const auto count = wait_and_try(fd, Ready::read, deadline, "recvmsg", [&] {
        return calls::receive_messages(fd, {&room.prepare(), 1});
    });
    if (count) return room.take();
    if (count.error().cause() != Cause::system) return std::unexpected(count.error());
    return std::unexpected(receive_error(count.error().code()));
}

Result<void> converse(OpenSocket& socket, ReceiveRoom& room, Request& request, Sink& sink,
                      Time deadline) {
    for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
        if (socket.is_answering) {
            FT_TRY(socket, open_socket(socket.protocol));
        }
        FT_TRY(const Bytes bytes, request.to_send(++socket.sequence));
        const int sent = calls::send(socket.fd.raw(), bytes);
        if (sent < 0) return std::unexpected(Error::system(-sent, "send").about("netlink"));
        socket.is_answering = true;
        Exchange exchange(request, socket.sequence, socket.port);
        while (!exchange.is_done()) {
            FT_TRY(const Bytes datagram, receive_blocking(socket, room, deadline));
            exchange.begin(datagram);
            auto drained = drain(exchange, sink);
            socket.is_answering = !exchange.has_ended();
            FT_TRY_VOID(std::move(drained));
        }
        if (!exchange.was_interrupted()) return {};
        sink.restart();
    }
    return std::unexpected(ever_changing(request));
}

}  // namespace fivetuple::netlink
