#include "fivetuple/transport/socket_stream.h"

#include <utility>

namespace fivetuple {

Result<void> SocketStream::shutdown_write() {
    return loop().sockets().shutdown(handle(), Shutdown::write);
}

Result<FiveTuple> SocketStream::five_tuple() const {
    FT_TRY(SocketAddress local, local_address());
    FT_TRY(SocketAddress peer, peer_address());
    return FiveTuple{stream_protocol(local), local, peer};
}

// --- Operations --------------------------------------------------------------------------------

Result<std::size_t> SocketStream::ReadSome::finish() {
    end_transfer();
    if (result < 0) return std::unexpected(error("recv"));
    return static_cast<std::size_t>(result);
}

Result<Lease> SocketStream::Read::finish() {
    end_transfer();
    if (result < 0) return std::unexpected(error("recv"));
    return result == 0 ? Lease() : take_lease();
}

bool SocketStream::WriteThenRead::start(Node& node, std::coroutine_handle<> sleeper) {
    is_started_ = SingleOp::start(node, sleeper);
    return is_started_;
}

Result<Lease> SocketStream::WriteThenRead::finish() {
    end_transfer();
    if (result < 0) return std::unexpected(error("send, recv"));
    return result == 0 ? Lease() : take_lease();
}

SocketStream::HangUp::HangUp(SocketStream& stream) : SingleOp(stream, OpKind::poll, kWaits) {
    ask_poll(socket_handle(), kPeerClosed);
}

Result<void> SocketStream::HangUp::finish() {
    end_use();
    if (result < 0) return std::unexpected(error("poll"));
    return {};
}

bool SocketStream::BulkOp::start(Node& node, std::coroutine_handle<> sleeper) {
    begin_use();
    return ask_for_rest() && begin(node, sleeper);
}

void SocketStream::BulkOp::step(Job& job) {
    auto& self = static_cast<BulkOp&>(static_cast<Op&>(job));
    if (self.result > 0) {
        self.advance(static_cast<std::size_t>(self.result));
        self.moved_ += static_cast<std::size_t>(self.result);
        if (self.ask_for_rest()) {
            // Whoever stopped us may have come too late for the last part, but not for the next.
            if (!self.node().is_stopped()) return self.loop().backend().submit(self);
            self.result = -ECANCELED;
        }
    }
    self.resume();
}

Transfer SocketStream::BulkOp::finish_as(const char* call) {
    // Nothing was to be moved: that nothing came is not the end of the stream.
    if (result == 0 && moved_ == 0 && !ask_for_rest()) {
        end_use();
        return Transfer(0);
    }
    end_transfer();
    if (result < 0) return {moved_, error(call)};
    return Transfer(moved_);
}

bool SocketStream::ReadExact::ask_for_rest() {
    if (left_.empty()) return false;
    ask_receive(socket_handle(), left_);
    return true;
}

Transfer SocketStream::ReadExact::finish() {
    Transfer done = finish_as("recv");
    if (done && !left_.empty()) return {*done, Error::ended("recv")};
    return done;
}

bool SocketStream::WriteAll::ask_for_rest() {
    if (left_.empty()) return false;
    ask_send(socket_handle(), left_);
    return true;
}

Transfer SocketStream::WriteAll::finish() { return finish_as("send"); }

bool SocketStream::WritePieces::ask_for_rest() {
    while (!left_.empty() && left_.front().empty()) left_ = left_.subspan(1);
    if (left_.empty()) return false;
    ask_send_gathered(socket_handle(), left_);
    return true;
}

void SocketStream::WritePieces::advance(std::size_t count) {
    while (count >= left_.front().size()) {
        count -= left_.front().size();
        left_ = left_.subspan(1);
        if (left_.empty()) return;
    }
    left_.front() = left_.front().subspan(count);
}

Transfer SocketStream::WritePieces::finish() { return finish_as("sendmsg"); }

bool SocketStream::WriteLoan::ask_for_rest() {
    if (left_.empty()) return false;
    if (left_.size() < loan_.block()->zero_copy_from()) {
        ask_send(socket_handle(), left_);
    } else {
        ask_send_zero_copy(socket_handle(), left_, *loan_.block());
    }
    return true;
}

Transfer SocketStream::WriteLoan::finish() {
    Transfer done = finish_as("send");
    loan_ = Loan();
    return done;
}

}  // namespace fivetuple
