#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/io/loop.h"
#include "fivetuple/os/fd.h"
#include "fivetuple/task/task.h"

namespace fivetuple {

/// A descriptor that is no socket, on a loop: standard input, a pipe, a terminal, a file. It stays
/// blocking for those that share it; here it is only touched when it is ready.
class FileStream {
public:
    FileStream(FileStream&& other) noexcept
        : loop_(other.loop_), file_(std::exchange(other.file_, Handle())) {}
    FileStream& operator=(FileStream&& other) noexcept {
        std::swap(loop_, other.loop_);
        std::swap(file_, other.file_);
        return *this;
    }
    ~FileStream() {
        if (file_) loop_->backend().close(file_);
    }

    /// Takes over `fd`. Errors: as Sockets::adopt().
    static Result<FileStream> adopt(Loop& loop, Fd fd);
    /// A descriptor of its own for what `number` names, which stays open. Errors: EBADF, EMFILE.
    /// dup(2)
    static Result<FileStream> share(Loop& loop, int number);

    /// 0 is the end. Errors: EIO, EISDIR; cancelled, deadline. read(2)
    Task<Result<std::size_t>> read_some(MutableBytes into);
    /// Errors: EPIPE, ENOSPC; cancelled, deadline. write(2)
    Task<Transfer> write_all(Bytes from);

private:
    FileStream(Loop& loop, Handle file) : loop_(&loop), file_(file) {}

    Loop* loop_;
    Handle file_;
};

}  // namespace fivetuple
