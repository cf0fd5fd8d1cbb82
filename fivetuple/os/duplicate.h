#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/fd.h"

namespace fivetuple {

/// Another descriptor for the same open file, closed on exec. Errors: EBADF, EMFILE. fcntl(2)
Result<Fd> duplicate(int number);

}  // namespace fivetuple
