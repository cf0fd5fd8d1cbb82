#include "fivetuple/os/duplicate.h"

#include <fcntl.h>

#include <cerrno>

namespace fivetuple {

Result<Fd> duplicate(int number) {
    Fd copy(::fcntl(number, F_DUPFD_CLOEXEC, 0));
    if (!copy) return std::unexpected(Error::system(errno, "fcntl"));
    return copy;
}

}  // namespace fivetuple
