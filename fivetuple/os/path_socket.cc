#include "fivetuple/os/path_socket.h"

#include <sys/stat.h>
#include <unistd.h>

namespace fivetuple {

PathSocket::PathSocket(const SocketAddress& bound) {
    if (!bound.is_unix() || bound.is_abstract() || bound.is_unnamed()) return;
    struct stat file{};
    const std::string path(bound.unix_name());
    if (::lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return;
    path_ = path;
    device_ = file.st_dev;
    inode_ = file.st_ino;
}

PathSocket::~PathSocket() {
    if (path_.empty()) return;
    struct stat file{};
    if (::lstat(path_.c_str(), &file) != 0) return;
    if (file.st_dev == device_ && file.st_ino == inode_) ::unlink(path_.c_str());
}

}  // namespace fivetuple
