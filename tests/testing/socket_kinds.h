#pragma once

#include "fivetuple/os/socket.h"
#include "fivetuple/os/socket_kind.h"

#include <optional>
#include <utility>
#include <vector>

namespace fivetuple::testing_help {

/// Every kind of socket that options know.
std::vector<SocketKind> every_socket_kind();

/// A new socket of a kind; none, where this kernel, or this user, may not open one.
std::optional<Socket> open_kind(SocketKind kind);

/// Two of a kind that are connected to each other over loopback: TCP, MPTCP, UDP and Unix. Others
/// are one that is new, and none.
std::optional<std::pair<Socket, Socket>> connected_kind(SocketKind kind);

}  // namespace fivetuple::testing_help
