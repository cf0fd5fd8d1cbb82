#include "fivetuple/blocking/packet_socket.h"

#include "fivetuple/os/calls.h"

namespace fivetuple::blocking {

Result<PacketSocket> PacketSocket::open(const PacketOptions& options) {
    FT_TRY(Socket socket, open_packet_socket(options));
    return PacketSocket(std::move(socket));
}

Result<LinkFrame> PacketSocket::receive(MutableBytes into, WhenCut when_cut, Time deadline) {
    LinkFrameRoom room;
    FT_TRY_VOID(wait_and_try(fd().raw(), Ready::read, deadline, "recvmsg", [&] {
        return calls::receive_messages(fd().raw(), {&room.prepare(into), 1});
    }));
    return room.take(when_cut);
}

Result<void> PacketSocket::send(Bytes frame, const PacketAddress* to, Time deadline) {
    LinkFrameToSend message(frame, to);
    auto sent = wait_and_try(fd().raw(), Ready::write, deadline, "sendmsg", [&] {
        return calls::send_messages(fd().raw(), {&message.prepare(), 1});
    });
    if (!sent) return std::unexpected(message.about(std::move(sent).error()));
    return {};
}

}  // namespace fivetuple::blocking
