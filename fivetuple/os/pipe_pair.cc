#include "fivetuple/os/pipe_pair.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace fivetuple {

Result<PipePair> PipePair::open(std::size_t size) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        return std::unexpected(Error::system(errno, "pipe"));
    }
    PipePair pipe{Fd(ends[0]), Fd(ends[1]), 0};
    constexpr std::size_t kLeast = 4096;
    // More than the system's limit is refused whole, so less is asked for until it is not.
    for (std::size_t wanted = size; wanted >= kLeast; wanted /= 2) {
        const std::size_t now = std::min<std::size_t>(wanted, 1U << 30);
        if (::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(now)) >= 0) break;
    }
    const int is = ::fcntl(ends[1], F_GETPIPE_SZ);
    pipe.size = is > 0 ? static_cast<std::size_t>(is) : kLeast;
    return pipe;
}

Result<PipePair> PipePool::take() {
    if (free_.empty()) return PipePair::open(size_);
    PipePair pipe = std::move(free_.back());
    free_.pop_back();
    return pipe;
}

void PipePool::give_back(PipePair pipe) {
    if (free_.size() < kept_) free_.push_back(std::move(pipe));
}

}  // namespace fivetuple
