#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/option.h"

#include <cstdint>

namespace fivetuple {

/// `require_peer(stream, ::getuid())`, of a Unix socket: the process at the other end must belong
/// to that user. Errors: EACCES, saying who it is instead; ENOTCONN and the like. unix(7),
/// SO_PEERCRED
Result<void> require_peer(OptionAccess socket, std::uint32_t uid);
template <TellsOptions S>
Result<void> require_peer(S& socket, std::uint32_t uid) {
    return require_peer(OptionAccess(socket), uid);
}

/// The same of the user that this process runs as. geteuid(2)
Result<void> require_own_user(OptionAccess socket);

}  // namespace fivetuple
