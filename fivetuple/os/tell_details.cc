#include "fivetuple/os/tell_details.h"

#include "fivetuple/os/options.h"

namespace fivetuple {

// A socket of both families is told of IPv4's datagrams by IPv4's switches.
Result<void> switch_on(OptionAccess socket, Family family, const TellDetails& tell) {
    const bool v6 = family == Family::ipv6;
    if (tell.packet_info && !v6) FT_TRY_VOID(set(socket, ReceivePacketInfo{}));
    if (tell.packet_info && v6) FT_TRY_VOID(set(socket, V6ReceivePacketInfo{}));
    if (tell.ttl) FT_TRY_VOID(set(socket, ReceiveTtl{}));
    if (tell.ttl && v6) FT_TRY_VOID(set(socket, V6ReceiveHopLimit{}));
    if (tell.tos) FT_TRY_VOID(set(socket, ReceiveTos{}));
    if (tell.tos && v6) FT_TRY_VOID(set(socket, V6ReceiveTrafficClass{}));
    if (tell.received_at) FT_TRY_VOID(set(socket, TimestampNanoseconds{}));
    if (tell.lost) FT_TRY_VOID(set(socket, ReceiveDropCount{}));
    return {};
}

}  // namespace fivetuple
