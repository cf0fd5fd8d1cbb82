#pragma once

#include "fivetuple/os/address.h"

#include <sys/types.h>

#include <string>
#include <utility>

namespace fivetuple {

/// The file that binding a socket to a path has made; removes it at its end, unless another has
/// taken its place by then.
class PathSocket {
public:
    PathSocket() = default;
    /// Remembers the file behind `bound`; nothing for an abstract name or another family.
    explicit PathSocket(const SocketAddress& bound);
    PathSocket(PathSocket&& other) noexcept
        : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}
    PathSocket& operator=(PathSocket&& other) noexcept {
        std::swap(path_, other.path_);
        std::swap(device_, other.device_);
        std::swap(inode_, other.inode_);
        return *this;
    }
    ~PathSocket();

private:
    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace fivetuple
