#include "fivetuple/os/unix_message.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace fivetuple {
namespace {

constexpr int kPidFd = 4;  // SCM_PIDFD, newer than the C library's headers.

void take_descriptors(const ControlMessage& message, std::vector<Fd>& into) {
    const std::size_t count = message.data.size() / sizeof(int);
    into.reserve(into.size() + count);
    for (std::size_t at = 0; at < count; ++at) {
        int raw = -1;
        std::memcpy(&raw, message.data.data() + at * sizeof raw, sizeof raw);
        into.emplace_back(raw);
    }
}

}  // namespace

mmsghdr& UnixMessageRoom::prepare(MutableBytes into) {
    bytes_ = {into.data(), into.size()};
    msghdr& header = header_.msg_hdr;
    header = {};
    header.msg_name = &name_;
    header.msg_namelen = sizeof name_;
    header.msg_iov = &bytes_;
    header.msg_iovlen = 1;
    header.msg_control = control_.data();
    header.msg_controllen = control_.size();
    return header_;
}

Result<UnixMessage> UnixMessageRoom::take() {
    const msghdr& header = header_.msg_hdr;
    UnixMessage message;
    ControlReader control({control_.data(), static_cast<std::size_t>(header.msg_controllen)});
    ControlMessage part;
    while (control.next(part)) {
        if (part.level != SOL_SOCKET) continue;
        if (part.type == SCM_RIGHTS) take_descriptors(part, message.files);
        if (ucred raw{}; part.type == SCM_CREDENTIALS && part.read(raw)) {
            message.sender = Credentials{raw.pid, raw.uid, raw.gid};
        }
        if (int raw = -1; part.type == kPidFd && part.read(raw)) message.sender_process = Fd(raw);
    }
    if ((header.msg_flags & MSG_CTRUNC) != 0) {
        return std::unexpected(Error::limit("recvmsg",
                                            "descriptors that were passed did not all arrive: this "
                                            "process may have no more of its own"));
    }
    const std::size_t size = header_.msg_len;
    if (size > bytes_.iov_len) {
        return std::unexpected(Error::system(EMSGSIZE, "recvmsg")
                                   .because("a message of " + std::to_string(size) +
                                            " bytes came, and the buffer holds " +
                                            std::to_string(bytes_.iov_len)));
    }
    message.bytes = {static_cast<const std::byte*>(bytes_.iov_base), size};
    if (header.msg_namelen == 0) return message;  // Most have no name; that is no failure.
    const auto from =
        SocketAddress::from_raw(reinterpret_cast<const sockaddr*>(&name_), header.msg_namelen);
    if (from) message.from = *from;
    return message;
}

Result<UnixMessageToSend> UnixMessageToSend::of(Bytes bytes, std::span<const int> files) {
    if (files.size() > kMostFiles) {
        return std::unexpected(Error::limit(
            "sendmsg", "a message carries at most 253 descriptors, not " +
                           std::to_string(files.size()) + "; spread them over several"));
    }
    UnixMessageToSend message;
    message.bytes_ = bytes;
    if (!files.empty()) {
        ControlWriter writer(message.control_);
        writer.add(SOL_SOCKET, SCM_RIGHTS, std::as_bytes(files));
        message.control_size_ = writer.written().size();
    }
    return message;
}

mmsghdr& UnixMessageToSend::prepare(const SocketAddress* to) {
    msghdr& header = header_.msg_hdr;
    header = {};
    if (to != nullptr) {
        header.msg_name = const_cast<sockaddr*>(to->raw());
        header.msg_namelen = to->raw_size();
    }
    header.msg_iov = reinterpret_cast<iovec*>(&bytes_);
    header.msg_iovlen = 1;
    header.msg_control = control_size_ == 0 ? nullptr : control_.data();
    header.msg_controllen = control_size_;
    return header_;
}

}  // namespace fivetuple
