#include "fivetuple/os/tell_details.h"

#include "fivetuple/os/options.h"

#include <cerrno>

namespace fivetuple {
namespace {

// A socket of both families is told of IPv4's datagrams by IPv4's switches. Raw sockets of IPv6
// have no IPv4 peers, and no such switches.
Result<void> where_there_is(Result<void> done, bool v6) {
    if (!done && v6 && done.error().is(ENOPROTOOPT)) return {};
    return done;
}

}  // namespace

Result<void> switch_on(OptionAccess socket, Family family, const TellDetails& tell) {
    const bool v6 = family == Family::ipv6;
    if (tell.packet_info && !v6) FT_TRY_VOID(set(socket, ReceivePacketInfo{}));
    if (tell.packet_info && v6) FT_TRY_VOID(set(socket, V6ReceivePacketInfo{}));
    if (tell.ttl) FT_TRY_VOID(where_there_is(set(socket, ReceiveTtl{}), v6));
    if (tell.ttl && v6) FT_TRY_VOID(set(socket, V6ReceiveHopLimit{}));
    if (tell.tos) FT_TRY_VOID(where_there_is(set(socket, ReceiveTos{}), v6));
    if (tell.tos && v6) FT_TRY_VOID(set(socket, V6ReceiveTrafficClass{}));
    if (tell.received_at) FT_TRY_VOID(set(socket, TimestampNanoseconds{}));
    if (tell.lost) FT_TRY_VOID(set(socket, ReceiveDropCount{}));
    return {};
}

}  // namespace fivetuple
