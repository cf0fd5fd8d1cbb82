#pragma once

#include "fivetuple/os/address.h"
#include "fivetuple/os/option.h"

namespace fivetuple {

/// What a socket is to be told of each datagram that comes: see DatagramDetails.
struct TellDetails {
    bool packet_info = false;  ///< sent_to and interface.
    bool ttl = false;
    bool tos = false;
    bool received_at = false;
    bool lost = false;
};

/// Asks the kernel for them, for a socket of `family`. Errors: as set(). ip(7), ipv6(7)
Result<void> switch_on(OptionAccess socket, Family family, const TellDetails& tell);

}  // namespace fivetuple
