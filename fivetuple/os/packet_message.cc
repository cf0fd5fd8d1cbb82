#include "fivetuple/os/packet_message.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/netlink/link.h"

#include <cerrno>
#include <string>

namespace fivetuple {

mmsghdr& LinkFrameRoom::prepare(MutableBytes into) {
    room_.receive_into(header_.msg_hdr, into);
    header_.msg_hdr.msg_flags = calls::kNoDescriptors;
    return header_;
}

Result<LinkFrame> LinkFrameRoom::take(WhenCut when_cut) const {
    FT_TRY(const LinkFrame frame, read_link_frame(header_.msg_hdr, header_.msg_len));
    if (frame.is_truncated() && when_cut == WhenCut::fail) {
        return std::unexpected(Error::system(EMSGSIZE, "recvmsg")
                                   .because("a frame of " + std::to_string(frame.size) +
                                            " bytes came, and the buffer holds " +
                                            std::to_string(frame.bytes.size())));
    }
    return frame;
}

LinkFrameToSend::LinkFrameToSend(Bytes bytes, const PacketAddress* to) : bytes_(bytes) {
    if (to != nullptr) to_ = *to;
}

mmsghdr& LinkFrameToSend::prepare() {
    msghdr& message = header_.msg_hdr;
    if (to_) {
        message.msg_namelen = to_->to_raw(name_);
        message.msg_name = &name_;
    }
    static_assert(sizeof(Bytes) == sizeof(iovec) && alignof(Bytes) == alignof(iovec));
    message.msg_iov = reinterpret_cast<iovec*>(&bytes_);
    message.msg_iovlen = 1;
    return header_;
}

Error LinkFrameToSend::about(Error why) const {
    Error error =
        to_ ? std::move(why).about(netlink::interface_name(to_->interface)) : std::move(why);
    if (error.is(EMSGSIZE)) {
        return std::move(error).because("a frame of " + std::to_string(bytes_.size()) +
                                        " bytes is larger than the interface's MTU allows");
    }
    if (error.is(ENXIO)) {
        return std::move(error).because("the socket is bound to no interface; name one");
    }
    return error;
}

}  // namespace fivetuple
