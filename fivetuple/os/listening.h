#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/option.h"
#include "fivetuple/os/path_bind.h"

namespace fivetuple {

struct ListenOptions {
    /// Complete connections that may wait to be accepted, plus one; net.core.somaxconn clips it.
    int backlog = 4096;
    /// Several listeners, of this process or others of the same user, share the address.
    bool reuse_port = false;
    /// An IPv6 listener leaves IPv4 alone.
    bool v6_only = false;
    /// Of TCP: serve MPTCP to clients that ask for it, and plain TCP to the others; plain TCP to
    /// all, where this kernel has no MPTCP. multipath_state() of what is accepted tells.
    bool multipath = false;
};

/// How a listener of the Unix domain comes to be.
struct UnixListenOptions {
    /// As ListenOptions::backlog.
    int backlog = 4096;
    /// Of the file, where it listens on a path.
    PathOptions path = {};
};

/// Sets on a new socket of `family`, of TCP or Unix, what a listener has before it is bound.
/// Errors: as setsockopt(2).
Result<void> prepare_listener(OptionAccess socket, Family family, const ListenOptions& options);

/// How many connections wait to be accepted, and how many may: one more than `limit`.
struct AcceptQueue {
    unsigned waiting = 0;
    unsigned limit = 0;
};

/// Errors: unsupported, for other than TCP. tcp(7), TCP_INFO
Result<AcceptQueue> accept_queue_of(OptionAccess listener);

}  // namespace fivetuple
