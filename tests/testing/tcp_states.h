#pragma once

#include <cstdint>
#include <string>

namespace fivetuple::testing_help {

/// The states of all TCP sockets over IPv4 of this thread's network that have a local port, in
/// alphabetic order: `CLOSE_WAIT LISTEN`. proc_net(5)
std::string tcp_states(std::uint16_t port);

}  // namespace fivetuple::testing_help
