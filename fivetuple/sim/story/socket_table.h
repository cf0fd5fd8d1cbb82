#pragma once

#include <string>

namespace fivetuple::sim {

class Host;

/// The TCP sockets of a host as `ss -ta` prints them: listeners, then connections by their names,
/// also those that no program holds any more. Empty where there are none.
std::string socket_table(Host& host);

}  // namespace fivetuple::sim
