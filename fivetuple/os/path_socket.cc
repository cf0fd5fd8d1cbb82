#include "fivetuple/os/path_socket.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fivetuple {

PathSocket::PathSocket(const SocketAddress& bound) {
    if (!bound.is_unix() || bound.is_abstract() || bound.is_unnamed()) return;
    const std::string path(bound.unix_name());
    Fd file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat mine{};
    if (!file || ::fstat(file.raw(), &mine) != 0 || !S_ISSOCK(mine.st_mode)) return;
    path_ = path;
    file_ = std::move(file);
}

PathSocket::~PathSocket() {
    if (path_.empty()) return;
    struct stat mine{};
    struct stat there{};
    if (::fstat(file_.raw(), &mine) != 0 || ::lstat(path_.c_str(), &there) != 0) return;
    if (there.st_dev == mine.st_dev && there.st_ino == mine.st_ino) ::unlink(path_.c_str());
}

}  // namespace fivetuple
