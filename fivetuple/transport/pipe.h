#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/task/job_wait.h"

#include <cstddef>
#include <memory>
#include <vector>

namespace fivetuple {

/// One direction of a Pipe: a bounded ring of bytes, with at most one task waiting on each side.
class PipeLane {
public:
    explicit PipeLane(std::size_t capacity) : ring_(capacity == 0 ? 1 : capacity) {}

    class Waiter : public JobWait {
    public:
        Waiter(PipeLane& lane, const Type& type) : JobWait(type), lane_(lane) {}

    protected:
        friend class PipeLane;
        ~Waiter() = default;
        /// Moves what can be moved; true when there is nothing left to wait for.
        virtual bool move() = 0;
        static void stop_waiting(Wait& wait);
        PipeLane& lane_;
    };

    std::size_t put(Bytes from);
    std::size_t take(MutableBytes into);
    std::size_t filled() const { return filled_; }

    /// No more will be put in.
    void end_writing();
    /// No more will be taken out.
    void end_reading();
    bool is_written_to() const { return !writing_ended_; }
    bool is_read() const { return !reading_ended_; }

    void wait_to_read(Waiter& waiter);
    void wait_to_write(Waiter& waiter);
    /// Something has changed: whoever waits looks again.
    void look_again();

private:
    void look(Waiter*& waiter);

    std::vector<std::byte> ring_;
    std::size_t begin_ = 0;
    std::size_t filled_ = 0;
    bool writing_ended_ = false;
    bool reading_ended_ = false;
    Waiter* reader_ = nullptr;
    Waiter* writer_ = nullptr;
};

/// One end of a Pipe: a Stream without a kernel, for tests and for joining parts of a program.
/// Behaves as a connected socket does: 0 at the end of what the peer wrote, EPIPE when it has gone.
class PipeStream {
public:
    PipeStream(std::shared_ptr<PipeLane> in, std::shared_ptr<PipeLane> out)
        : in_(std::move(in)), out_(std::move(out)) {}
    PipeStream(PipeStream&&) noexcept = default;
    PipeStream& operator=(PipeStream&& other) noexcept {
        std::swap(in_, other.in_);
        std::swap(out_, other.out_);
        return *this;
    }
    ~PipeStream() { close(); }

    class ReadSome;
    class ReadExact;
    class WriteAll;

    /// As SocketStream's. Errors: cancelled, deadline.
    ReadSome read_some(MutableBytes into);
    /// Errors: ended; cancelled, deadline.
    ReadExact read_exact(MutableBytes into);
    /// Errors: EPIPE; cancelled, deadline.
    WriteAll write_all(Bytes from);
    /// Tells the other end that no more will come; what it writes can still be read.
    Result<void> shutdown_write();
    /// The other end reads to the end of what was written, and fails with EPIPE where it writes.
    void close();

private:
    std::shared_ptr<PipeLane> in_;
    std::shared_ptr<PipeLane> out_;
};

/// Two streams back to back.
struct Pipe {
    /// Each direction holds `capacity` bytes before its writer has to wait.
    explicit Pipe(std::size_t capacity = std::size_t{64} * 1024);

    PipeStream left;
    PipeStream right;

private:
    struct Lanes {
        std::shared_ptr<PipeLane> there;
        std::shared_ptr<PipeLane> back;
    };
    explicit Pipe(const Lanes& lanes)
        : left(lanes.back, lanes.there), right(lanes.there, lanes.back) {}
};

class PipeStream::ReadSome final : public PipeLane::Waiter, public Awaits<ReadSome> {
public:
    ReadSome(PipeLane& lane, MutableBytes into) : Waiter(lane, kType), into_(into) {}
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Result<std::size_t> finish();

private:
    static const Type kType;
    bool move() override;
    MutableBytes into_;
    std::size_t moved_ = 0;
};

class PipeStream::ReadExact final : public PipeLane::Waiter, public Awaits<ReadExact> {
public:
    ReadExact(PipeLane& lane, MutableBytes into) : Waiter(lane, kType), left_(into) {}
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Transfer finish();

private:
    static const Type kType;
    bool move() override;
    MutableBytes left_;
    std::size_t moved_ = 0;
};

class PipeStream::WriteAll final : public PipeLane::Waiter, public Awaits<WriteAll> {
public:
    WriteAll(PipeLane& lane, Bytes from) : Waiter(lane, kType), left_(from) {}
    bool start(Node& node, std::coroutine_handle<> sleeper);
    Transfer finish();

private:
    static const Type kType;
    bool move() override;
    Bytes left_;
    std::size_t moved_ = 0;
};

inline PipeStream::ReadSome PipeStream::read_some(MutableBytes into) { return {*in_, into}; }
inline PipeStream::ReadExact PipeStream::read_exact(MutableBytes into) { return {*in_, into}; }
inline PipeStream::WriteAll PipeStream::write_all(Bytes from) { return {*out_, from}; }

}  // namespace fivetuple
