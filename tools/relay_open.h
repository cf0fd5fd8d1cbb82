#pragma once

#include "fivetuple/cli/relay_address.h"
#include "fivetuple/os/path_socket.h"
#include "fivetuple/transport/socket_listener.h"

#include "tools/relay_end.h"
#include <memory>

namespace ft_tool {

/// A listener's address, open: others can connect.
struct RelayDoor {
    fivetuple::ListeningSocket socket;
    fivetuple::PathSocket path;
    const fivetuple::RelayAddress* address;
};

/// Opens the address of a listener. Errors: as bind(2), listen(2), setsockopt(2).
fivetuple::Result<RelayDoor> open_door(fivetuple::Loop& loop,
                                       const fivetuple::RelayAddress& address);
/// The next that comes in; waits while descriptors are short, and says so.
/// Errors: as accept(2); cancelled, deadline.
fivetuple::Task<fivetuple::Result<std::unique_ptr<RelayEnd>>> next_through(RelayDoor& door);

/// Opens what is no listener: connects within `connect_limit`; where it waits for a first datagram,
/// as long as that takes. With `speaks` it says on standard error where it waits.
/// Errors: as socket(2), setsockopt(2), bind(2), connect(2), open(2), posix_spawn(3); deadline.
fivetuple::Task<fivetuple::Result<std::unique_ptr<RelayEnd>>> open_end(
    const fivetuple::RelayAddress& address, fivetuple::Duration connect_limit, bool speaks);

/// Standard input and output. With `is_last` the program's output ends when this one's does.
/// Errors: EBADF, EMFILE.
fivetuple::Result<std::unique_ptr<RelayEnd>> open_standard(fivetuple::Loop& loop, bool is_last);

/// What is to be done, as errors say it: `connect to tcp:...`, `listen on ...`, `open ...`, `run`.
std::string goal_of(const fivetuple::RelayAddress& address);

}  // namespace ft_tool
