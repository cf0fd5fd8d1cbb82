#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/fd.h"

#include <cstddef>
#include <vector>

namespace fivetuple {

/// A pipe of the kernel, both ends ours and neither blocking: what splice(2) moves bytes through.
struct PipePair {
    Fd read_end;
    Fd write_end;
    std::size_t size = 0;  ///< Bytes that it is made for; with large pages it holds more.

    /// One for about `size` bytes; smaller where the system, or this user's share, does not allow
    /// so many. Errors: EMFILE, ENFILE, ENOMEM. pipe(2), F_SETPIPE_SZ in fcntl(2)
    static Result<PipePair> open(std::size_t size);
};

/// Empty pipes of one size that pumps of one loop take and give back, so that a connection without
/// traffic holds none.
class PipePool {
public:
    /// Keeps at most `kept` pipes that nobody uses.
    explicit PipePool(std::size_t size = std::size_t{1} << 20, std::size_t kept = 16)
        : size_(size), kept_(kept) {
        free_.reserve(kept);
    }

    /// Errors: as PipePair::open().
    Result<PipePair> take();
    /// It must be empty.
    void give_back(PipePair pipe);
    /// Those that nobody uses.
    std::size_t free() const { return free_.size(); }

private:
    std::vector<PipePair> free_;
    std::size_t size_;
    std::size_t kept_;
};

}  // namespace fivetuple
