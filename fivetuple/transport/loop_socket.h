#pragma once

#include "fivetuple/base/assert.h"
#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/io/loop.h"
#include "fivetuple/os/address.h"
#include "fivetuple/task/op_wait.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace fivetuple {

/// A socket of a loop: what every stream, listener and socket of messages is. Owns the socket and
/// closes it. One task may read while another writes; two that read at once, or a socket that ends
/// or moves while it is used, are a mistake of the program.
class LoopSocket {
public:
    /// Errors: EBADF; ENOTCONN, where a connection has broken already. getsockname(2)
    Result<SocketAddress> local_address() const { return loop_->sockets().local_address(socket_); }

    /// For set() and get() of options.
    Result<void> set_option(int level, int number, Bytes value) {
        return loop_->sockets().set_option(socket_, level, number, value);
    }
    Result<std::size_t> get_option(int level, int number, MutableBytes room) const {
        return loop_->sockets().get_option(socket_, level, number, room);
    }

    explicit operator bool() const { return static_cast<bool>(socket_); }
    Loop& loop() const { return *loop_; }
    Handle handle() const { return socket_; }

    /// What streams remember of the operations that are over: that some bytes have come, that the
    /// end of the stream has; and the errno of the last one that failed, or 0.
    bool has_received() const { return (seen_ & kSeenBytes) != 0; }
    bool has_ended() const { return (seen_ & kSeenEnd) != 0; }
    int last_failure() const { return failure_; }
    /// Whether something was sent since the last read began, and since this was last asked.
    bool take_sent_while_reading() {
        const bool was_sent = (seen_ & kSeenSent) != 0;
        seen_ &= static_cast<std::uint8_t>(~kSeenSent);
        return was_sent;
    }

protected:
    LoopSocket() = default;
    /// Takes over a socket of `loop`.
    LoopSocket(Loop& loop, Handle socket) : loop_(&loop), socket_(socket) {}
    LoopSocket(LoopSocket&& other) noexcept;
    LoopSocket& operator=(LoopSocket&& other) noexcept;
    ~LoopSocket() { close(); }

    void close();
    /// Errors: ENOTCONN, where there is no peer, or none any more. getpeername(2)
    Result<SocketAddress> peer_address() const { return loop_->sockets().peer_address(socket_); }

private:
    friend class SocketOp;

    Loop* loop_ = nullptr;
    Handle socket_;
    enum Seen : std::uint8_t { kSeenBytes = 1, kSeenEnd = 2, kSeenSent = 4 };

    std::uint8_t in_use_ = 0;  // SocketOp::Use
    std::uint8_t seen_ = 0;
    std::uint16_t failure_ = 0;
};

/// What all operations of a socket share: that no two of one direction run at once.
class SocketOp : public OpWait {
protected:
    /// What is going on: reading, writing, waiting for the end.
    enum Use : std::uint8_t { kReads = 1, kWrites = 2, kWaits = 4 };

    SocketOp(LoopSocket& socket, OpKind what, std::uint8_t use)
        : OpWait(what), socket_(socket), use_(use) {}
    ~SocketOp() = default;

    void begin_use() {
        FT_ASSERT((socket_.in_use_ & use_) == 0,
                  "two tasks read (or write) one socket at once; put a Channel between them");
        socket_.in_use_ |= use_;
        if ((use_ & kReads) != 0)
            socket_.seen_ &= static_cast<std::uint8_t>(~LoopSocket::kSeenSent);
    }
    void end_use() { socket_.in_use_ &= static_cast<std::uint8_t>(~use_); }
    /// The same for what moves bytes of a stream; what came of it is remembered.
    void end_transfer() {
        end_use();
        if (result < 0) {
            if (result != -ECANCELED) socket_.failure_ = static_cast<std::uint16_t>(-result);
        } else if ((use_ & kReads) == 0) {
            socket_.seen_ |= LoopSocket::kSeenSent;
        } else {
            socket_.seen_ |= result > 0 ? LoopSocket::kSeenBytes : LoopSocket::kSeenEnd;
        }
    }
    Handle socket_handle() const { return socket_.socket_; }

private:
    LoopSocket& socket_;
    std::uint8_t use_;
};

}  // namespace fivetuple
