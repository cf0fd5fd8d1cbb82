#include "fivetuple/transport/packet_socket.h"

namespace fivetuple {

Result<PacketSocket> PacketSocket::open(Loop& loop, const PacketOptions& options) {
    FT_TRY(Socket socket, open_packet_socket(options));
    FT_TRY(const Handle handle, loop.sockets().adopt(std::move(socket).release()));
    return PacketSocket(loop, handle);
}

bool PacketSocket::Receive::start(Node& node, std::coroutine_handle<> sleeper) {
    begin_use();
    ask_receive_messages(socket_handle(), {&room_.prepare(into_), 1});
    return begin(node, sleeper);
}

Result<LinkFrame> PacketSocket::Receive::finish() {
    end_use();
    if (result < 0) return std::unexpected(error("recvmsg"));
    return room_.take(when_cut_);
}

bool PacketSocket::Send::start(Node& node, std::coroutine_handle<> sleeper) {
    begin_use();
    ask_send_messages(socket_handle(), {&frame_.prepare(), 1});
    return begin(node, sleeper);
}

Result<void> PacketSocket::Send::finish() {
    end_use();
    if (result >= 0) return {};
    return std::unexpected(frame_.about(error("sendmsg")));
}

}  // namespace fivetuple
