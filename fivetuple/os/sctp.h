#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"

namespace fivetuple {

/// IPPROTO_SCTP: streams of messages over one connection. RFC 9260, sctp(7)
inline constexpr int kSctp = 132;

/// The same error, saying what to do where the kernel has no SCTP: a module of it that is not
/// loaded, and for most users may not be, or one that is not installed.
Error explain_sctp(Error error);

}  // namespace fivetuple
