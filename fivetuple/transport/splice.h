#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/transport/loop_socket.h"

#include <cstddef>
#include <cstdint>

namespace fivetuple {

/// Waits until a stream has something to read, or has ended, without reading: Result<void>. In
/// front of SpliceIn, so that a pipe need not be there before bytes are. Errors: cancelled,
/// deadline.
class AwaitInput : public SocketOp, public Awaits<AwaitInput> {
public:
    explicit AwaitInput(LoopSocket& stream) : SocketOp(stream, OpKind::splice_in, kReads) {
        ask_splice_in(socket_handle(), -1, 0);
    }
    bool start(Node& node, std::coroutine_handle<> sleeper) {
        begin_use();
        return begin(node, sleeper);
    }
    Result<void> finish() {
        end_use();
        if (result == -ECANCELED) return std::unexpected(error("recv"));
        return {};  // Whatever else it is, who reads is told.
    }
};

/// One request to move bytes between a stream and another descriptor inside the kernel:
/// Result<std::size_t>, how many went.
class SpliceOp : public SocketOp {
public:
    bool start(Node& node, std::coroutine_handle<> sleeper) {
        begin_use();
        return begin(node, sleeper);
    }
    Result<std::size_t> finish() {
        end_transfer();
        if (result < 0) return std::unexpected(error(call_));
        return static_cast<std::size_t>(result);
    }

protected:
    SpliceOp(LoopSocket& stream, OpKind what, std::uint8_t use, const char* call)
        : SocketOp(stream, what, use), call_(call) {}
    ~SpliceOp() = default;

private:
    const char* call_;
};

/// Waits for bytes of a stream and moves as many as there are, and `count` at most, into the write
/// end of an empty pipe; 0 at the end of the stream. Errors: ECONNRESET, ETIMEDOUT; EINVAL where
/// the kernel cannot splice here; cancelled, deadline. splice(2)
class SpliceIn : public SpliceOp, public Awaits<SpliceIn> {
public:
    SpliceIn(LoopSocket& stream, int pipe, std::size_t count)
        : SpliceOp(stream, OpKind::splice_in, kReads, "recv, splice") {
        ask_splice_in(socket_handle(), pipe, count);
    }
};

/// Sends bytes out of the read end of a pipe, which holds at least `count`: as many as there is
/// room for. Errors: EPIPE, ECONNRESET, ETIMEDOUT; EINVAL as above; cancelled, deadline. splice(2)
class SpliceOut : public SpliceOp, public Awaits<SpliceOut> {
public:
    SpliceOut(LoopSocket& stream, int pipe, std::size_t count)
        : SpliceOp(stream, OpKind::splice_out, kWrites, "send, splice") {
        ask_splice_out(socket_handle(), pipe, count);
    }
};

/// Sends bytes of a file from `offset` on, as many as there is room for; 0 where the file ends
/// there. Errors: as SpliceOut; EBADF, EIO. sendfile(2)
class SendFilePart : public SpliceOp, public Awaits<SendFilePart> {
public:
    SendFilePart(LoopSocket& stream, int file, std::uint64_t offset, std::size_t count)
        : SpliceOp(stream, OpKind::send_file, kWrites, "sendfile") {
        ask_send_file(socket_handle(), file, offset, count);
    }
};

}  // namespace fivetuple
