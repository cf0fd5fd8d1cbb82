#include "fivetuple/server/reason.h"

namespace fivetuple {

std::string_view to_string(Reason reason) {
    // In the order of Reason.
    static constexpr std::string_view kNames[kReasons] = {
        "connections", "address", "network", "not_admitted", "shortage", "first_byte",
        "idle",        "write",   "due",     "lifetime",     "drained",  "killed"};
    return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace fivetuple
