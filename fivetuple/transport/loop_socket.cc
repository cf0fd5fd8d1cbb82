#include "fivetuple/transport/loop_socket.h"

#include <utility>

namespace fivetuple {

LoopSocket::LoopSocket(LoopSocket&& other) noexcept
    : loop_(other.loop_),
      socket_(std::exchange(other.socket_, Handle())),
      seen_(other.seen_),
      failure_(other.failure_) {
    FT_ASSERT(other.in_use_ == 0, "a socket moves while a task uses it");
}

LoopSocket& LoopSocket::operator=(LoopSocket&& other) noexcept {
    FT_ASSERT(other.in_use_ == 0, "a socket moves while a task uses it");
    close();
    loop_ = other.loop_;
    socket_ = std::exchange(other.socket_, Handle());
    seen_ = other.seen_;
    failure_ = other.failure_;
    return *this;
}

void LoopSocket::close() {
    if (!socket_) return;
    FT_ASSERT(in_use_ == 0, "a socket is closed while a task uses it");
    loop_->backend().close(std::exchange(socket_, Handle()));
}

}  // namespace fivetuple
