#pragma once

#include "fivetuple/os/address.h"
#include "fivetuple/os/fd.h"

#include <string>
#include <utility>

namespace fivetuple {

/// The file that binding a socket to a path has made; removes it at its end, unless another has
/// taken its place by then. Holds a descriptor of the file.
class PathSocket {
public:
    PathSocket() = default;
    /// Remembers the file behind `bound`; nothing for an abstract name or another family.
    explicit PathSocket(const SocketAddress& bound);
    PathSocket(PathSocket&& other) noexcept
        : path_(std::exchange(other.path_, {})), file_(std::move(other.file_)) {}
    PathSocket& operator=(PathSocket&& other) noexcept {
        std::swap(path_, other.path_);
        file_.swap(other.file_);
        return *this;
    }
    ~PathSocket();

private:
    std::string path_;
    Fd file_;  // As long as it is open, no other file gets the number of this one.
};

}  // namespace fivetuple
