#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"

namespace fivetuple {

/// An error of `call`, malformed, unless `address` is one of IP; `what` needs it, as in `TCP`.
Result<void> expect_ip(const SocketAddress& address, const char* call, const char* what);
/// The same unless it is one of the Unix domain.
Result<void> expect_unix(const SocketAddress& address, const char* call);

}  // namespace fivetuple
