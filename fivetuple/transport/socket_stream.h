#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/lease.h"
#include "fivetuple/base/result.h"
#include "fivetuple/io/loan.h"
#include "fivetuple/os/five_tuple.h"
#include "fivetuple/transport/loop_socket.h"

#include <cstddef>
#include <memory>
#include <span>

namespace fivetuple {

/// A connected socket of a loop, which moves bytes both ways: what TcpStream and UnixStream share.
class SocketStream : public LoopSocket {
    class SingleOp;
    class BulkOp;

public:
    class ReadSome;
    class ReadExact;
    class Read;
    class WriteAll;
    class WritePieces;
    class WriteLoan;
    class WriteThenRead;
    class HangUp;

    SocketStream() = default;
    /// Takes over a connected socket of `loop`.
    SocketStream(Loop& loop, Handle socket) : LoopSocket(loop, socket) {}

    /// Waits for bytes and takes as many as there are and fit: Result<std::size_t>, 0 at the end of
    /// the stream. Errors: ECONNRESET, ETIMEDOUT; cancelled, deadline. recv(2)
    ReadSome read_some(MutableBytes into);
    /// Fills `into` whole: Transfer. Errors: as read_some(); ended, where the stream ends before.
    ReadExact read_exact(MutableBytes into);
    /// Waits for bytes and hands out the buffer that they came in: Result<Lease>, an empty one at
    /// the end of the stream. Until bytes come, the stream owns no buffer. Errors: as read_some().
    Read read();

    /// Sends all of `from`: Transfer, with the bytes that went before an error.
    /// Errors: EPIPE, ECONNRESET, ETIMEDOUT; cancelled, deadline. send(2)
    WriteAll write_all(Bytes from);
    /// Sends all of the pieces, one behind the other, without joining them: Transfer. The array of
    /// pieces is used up by it. Errors: as write_all(). sendmsg(2)
    WritePieces writev(std::span<Bytes> pieces);
    /// Sends all bytes of a loan: Transfer. Large ones are not copied: the kernel reads them where
    /// they are, for longer than this takes, and the loan goes back to its pool when it is done.
    /// Errors: as write_all(). MSG_ZEROCOPY in send(2), io_uring_prep_send_zc(3)
    WriteLoan write_loan(Loan&& from);
    /// Sends all of `from`, then is a read(): the turn of a server that answers and waits for what
    /// is asked next. One system call does both where the backend has such. Errors: as both.
    WriteThenRead write_then_read(Bytes from);
    /// The same of a lease, which ends as soon as its bytes have been sent: who waits owns no
    /// buffer.
    WriteThenRead write_then_read(Lease&& from);

    /// Waits until the peer has closed or shut down its side, or the connection broke, without
    /// reading anything: Result<void>. Errors: cancelled, deadline. poll(2), POLLRDHUP
    HangUp hang_up();

    /// Tells the peer that no more will come; what it sends can still be read. Errors: ENOTCONN.
    Result<void> shutdown_write();
    /// Closes now. Data not yet received is lost, and the peer gets a reset if there was any.
    using LoopSocket::close;

    using LoopSocket::peer_address;
    /// Protocol, local address and port, peer address and port.
    Result<FiveTuple> five_tuple() const;
};

/// One Op, one result.
class SocketStream::SingleOp : public SocketOp {
public:
    bool start(Node& node, std::coroutine_handle<> sleeper) {
        begin_use();
        return begin(node, sleeper);
    }

protected:
    using SocketOp::SocketOp;
};

/// One Op again and again until all bytes have been moved.
class SocketStream::BulkOp : public SocketOp {
public:
    bool start(Node& node, std::coroutine_handle<> sleeper);

protected:
    BulkOp(SocketStream& stream, OpKind what, std::uint8_t use) : SocketOp(stream, what, use) {
        run = &step;
    }
    ~BulkOp() = default;

    /// Asks for what is left; false where nothing is.
    virtual bool ask_for_rest() = 0;
    /// The first `count` bytes of what was left have been moved.
    virtual void advance(std::size_t count) = 0;

    Transfer finish_as(const char* call);

private:
    static void step(Job& job);
    std::size_t moved_ = 0;
};

class SocketStream::ReadSome : public SingleOp, public Awaits<ReadSome> {
public:
    ReadSome(SocketStream& stream, MutableBytes into) : SingleOp(stream, OpKind::receive, kReads) {
        ask_receive(socket_handle(), into);
    }
    Result<std::size_t> finish();
};

class SocketStream::Read : public SingleOp, public Awaits<Read> {
public:
    explicit Read(SocketStream& stream) : SingleOp(stream, OpKind::receive_lease, kReads) {
        ask_receive_lease(socket_handle());
    }
    Result<Lease> finish();
};

class SocketStream::WriteThenRead : public SingleOp, public Awaits<WriteThenRead> {
public:
    WriteThenRead(SocketStream& stream, Bytes from)
        : SingleOp(stream, OpKind::send_then_receive, kReads | kWrites) {
        ask_send_then_receive(socket_handle(), from);
    }
    WriteThenRead(SocketStream& stream, Lease&& from)
        : SingleOp(stream, OpKind::send_then_receive, kReads | kWrites) {
        ask_send_then_receive(socket_handle(), std::move(from));
    }
    ~WriteThenRead() {
        if (!is_started_) end_answer();
    }
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Result<Lease> finish();

private:
    bool is_started_ = false;
};

class SocketStream::HangUp : public SingleOp, public Awaits<HangUp> {
public:
    explicit HangUp(SocketStream& stream);
    Result<void> finish();
};

class SocketStream::ReadExact final : public BulkOp, public Awaits<ReadExact> {
public:
    ReadExact(SocketStream& stream, MutableBytes into)
        : BulkOp(stream, OpKind::receive, kReads), left_(into) {}
    Transfer finish();

private:
    bool ask_for_rest() override;
    void advance(std::size_t count) override { left_ = left_.subspan(count); }
    MutableBytes left_;
};

class SocketStream::WriteAll final : public BulkOp, public Awaits<WriteAll> {
public:
    WriteAll(SocketStream& stream, Bytes from)
        : BulkOp(stream, OpKind::send, kWrites), left_(from) {}
    Transfer finish();

private:
    bool ask_for_rest() override;
    void advance(std::size_t count) override { left_ = left_.subspan(count); }
    Bytes left_;
};

class SocketStream::WritePieces final : public BulkOp, public Awaits<WritePieces> {
public:
    WritePieces(SocketStream& stream, std::span<Bytes> pieces)
        : BulkOp(stream, OpKind::send_gathered, kWrites), left_(pieces) {}
    Transfer finish();

private:
    bool ask_for_rest() override;
    void advance(std::size_t count) override;
    std::span<Bytes> left_;
};

class SocketStream::WriteLoan final : public BulkOp, public Awaits<WriteLoan> {
public:
    WriteLoan(SocketStream& stream, Loan&& from)
        : BulkOp(stream, OpKind::send_zero_copy, kWrites),
          loan_(std::move(from)),
          left_(loan_.bytes()) {}
    Transfer finish();

private:
    bool ask_for_rest() override;
    void advance(std::size_t count) override { left_ = left_.subspan(count); }
    Loan loan_;
    Bytes left_;
};

inline SocketStream::ReadSome SocketStream::read_some(MutableBytes into) { return {*this, into}; }
inline SocketStream::ReadExact SocketStream::read_exact(MutableBytes into) { return {*this, into}; }
inline SocketStream::Read SocketStream::read() { return Read(*this); }
inline SocketStream::WriteAll SocketStream::write_all(Bytes from) { return {*this, from}; }
inline SocketStream::WritePieces SocketStream::writev(std::span<Bytes> pieces) {
    return {*this, pieces};
}
inline SocketStream::WriteLoan SocketStream::write_loan(Loan&& from) {
    return {*this, std::move(from)};
}
inline SocketStream::WriteThenRead SocketStream::write_then_read(Bytes from) {
    return {*this, from};
}
inline SocketStream::WriteThenRead SocketStream::write_then_read(Lease&& from) {
    return {*this, std::move(from)};
}
inline SocketStream::HangUp SocketStream::hang_up() { return HangUp(*this); }

}  // namespace fivetuple
