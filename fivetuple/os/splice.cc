#include "fivetuple/os/splice.h"

#include "fivetuple/os/broken_pipe.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace fivetuple::calls {
namespace {

// These calls ask the descriptor whether they may block, not their caller. The sockets of some
// backends may; for the time of a call they may not.
class NotBlocking {
public:
    explicit NotBlocking(int fd) : fd_(fd) {
        const int flags = ::fcntl(fd, F_GETFL);
        changes_ = flags >= 0 && (flags & O_NONBLOCK) == 0;
        if (changes_) set(1);
    }
    NotBlocking(const NotBlocking&) = delete;
    NotBlocking& operator=(const NotBlocking&) = delete;
    ~NotBlocking() {
        if (changes_) set(0);
    }

private:
    void set(int on) const { ::ioctl(fd_, FIONBIO, &on); }
    int fd_;
    bool changes_ = false;
};

constexpr std::size_t kMost = std::size_t{1} << 30;
constexpr unsigned kFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

template <class Call>
int without_blocking(int socket, Call call) {
    const NotBlocking meanwhile(socket);
    while (true) {
        const auto result = call();
        if (result >= 0) return static_cast<int>(result);
        if (errno != EINTR) return -errno;
    }
}

}  // namespace

int splice_in(int socket, int pipe, std::size_t count) {
    return without_broken_pipe([&] {
        return without_blocking(socket, [&] {
            return ::splice(socket, nullptr, pipe, nullptr, std::min(count, kMost), kFlags);
        });
    });
}

int splice_out(int pipe, int socket, std::size_t count) {
    return without_broken_pipe([&] {
        return without_blocking(socket, [&] {
            return ::splice(pipe, nullptr, socket, nullptr, std::min(count, kMost), kFlags);
        });
    });
}

int send_file(int socket, int file, std::uint64_t offset, std::size_t count) {
    return without_broken_pipe([&] {
        return without_blocking(socket, [&] {
            auto at = static_cast<off_t>(offset);
            return ::sendfile(socket, file, &at, std::min(count, kMost));
        });
    });
}

namespace {

bool is_byte_in_memory(int file, std::uint64_t offset) {
    char byte = 0;
    const iovec room{&byte, 1};
    // What cannot be told counts as there.
    return ::preadv2(file, &room, 1, static_cast<off_t>(offset), RWF_NOWAIT) >= 0 ||
           errno != EAGAIN;
}

}  // namespace

bool is_in_memory(int file, std::uint64_t offset, std::size_t count) {
    return count == 0 ||
           (is_byte_in_memory(file, offset) && is_byte_in_memory(file, offset + count - 1));
}

void bring_into_memory(int file, std::uint64_t offset, std::size_t count) {
    if (count == 0) return;
    // The reads wait for what has only been asked for. Where one fails, so will who wants the
    // bytes.
    ::readahead(file, static_cast<off_t>(offset), count);
    char byte = 0;
    constexpr std::size_t kStep = std::size_t{64} * 1024;
    const std::uint64_t last = offset + count - 1;
    for (std::uint64_t at = offset;; at = std::min(at + kStep, last)) {
        if (::pread(file, &byte, 1, static_cast<off_t>(at)) <= 0 || at == last) return;
    }
}

}  // namespace fivetuple::calls
