#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/datagram_message.h"
#include "fivetuple/os/message_batch.h"
#include "fivetuple/os/packet_frame.h"

#include <sys/socket.h>

#include <optional>

namespace fivetuple {

/// A recvmsg(2) of one frame: its header and the room for what comes beside its bytes.
class LinkFrameRoom {
public:
    /// The header, ready to receive into `into`. The room must stay where it is.
    mmsghdr& prepare(MutableBytes into);
    /// What recvmsg(2) has left there.
    /// Errors: EMSGSIZE, naming both sizes, where the frame did not fit and that is a failure.
    Result<LinkFrame> take(WhenCut when_cut) const;

private:
    mmsghdr header_{};
    MessageRoom room_;
};

/// A sendmsg(2) of one frame.
class LinkFrameToSend {
public:
    /// `to`, unless it is null, is copied; the bytes must stay.
    LinkFrameToSend(Bytes bytes, const PacketAddress* to);
    /// The header. What it points to must stay where it is.
    mmsghdr& prepare();
    /// The same error, naming the interface and the size where that is what is wrong.
    Error about(Error why) const;

private:
    Bytes bytes_;
    std::optional<PacketAddress> to_;
    sockaddr_storage name_{};
    mmsghdr header_{};
};

}  // namespace fivetuple
