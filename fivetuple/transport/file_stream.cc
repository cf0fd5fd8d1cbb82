#include "fivetuple/transport/file_stream.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/duplicate.h"
#include "fivetuple/task/wait_ready.h"

#include <algorithm>
#include <cerrno>

namespace fivetuple {
namespace {

// A pipe that has room takes this much without blocking its writer. pipe(7), PIPE_BUF
constexpr std::size_t kTakenAtOnce = 4096;

}  // namespace

Result<FileStream> FileStream::adopt(Loop& loop, Fd fd) {
    FT_TRY(const Handle file, loop.sockets().adopt(std::move(fd)));
    return FileStream(loop, file);
}

Result<FileStream> FileStream::share(Loop& loop, int number) {
    FT_TRY(Fd fd, duplicate(number));
    return adopt(loop, std::move(fd));
}

Task<Result<std::size_t>> FileStream::read_some(MutableBytes into) {
    while (true) {
        FT_CO_TRY_VOID(co_await WaitReady(file_, kPollReadable));
        const int got = calls::read(file_.number, into);
        if (got >= 0) co_return static_cast<std::size_t>(got);
        if (got != calls::kWouldBlock) co_return std::unexpected(Error::system(-got, "read"));
    }
}

Task<Transfer> FileStream::write_all(Bytes from) {
    std::size_t moved = 0;
    while (moved < from.size()) {
        auto ready = co_await WaitReady(file_, kPollWritable);
        if (!ready) co_return Transfer(moved, std::move(ready).error());
        const Bytes part = from.subspan(moved, std::min(kTakenAtOnce, from.size() - moved));
        const int put = calls::write(file_.number, part);
        if (put > 0) moved += static_cast<std::size_t>(put);
        if (put < 0 && put != calls::kWouldBlock) {
            co_return Transfer(moved, Error::system(-put, "write"));
        }
    }
    co_return Transfer(moved);
}

}  // namespace fivetuple
