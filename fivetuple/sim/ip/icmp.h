#pragma once

#include "fivetuple/sim/ip/header.h"

#include <cstdint>
#include <optional>

namespace fivetuple::sim {

/// Why a packet did not arrive, in the terms that ICMP and ICMPv6 share.
enum class IcmpReason : std::uint8_t {
    no_route,
    no_host,      ///< The last network is there and its host does not answer.
    no_protocol,  ///< The host does not speak it.
    no_port,      ///< Nobody listens there.
    prohibited,   ///< A filter forbids it.
    too_big,      ///< For the link behind the sender of this; `mtu` says what fits.
    out_of_hops,  ///< It has passed too many routers.
    out_of_time,  ///< Not all of its fragments came.
    other
};

/// An error message: who says it, why, and the front of the packet that it is about.
struct IcmpError {
    IcmpReason reason = IcmpReason::other;
    std::uint8_t type = 0;  ///< As on the wire, for who shows it.
    std::uint8_t code = 0;
    std::uint32_t mtu = 0;  ///< With too_big: the largest packet, in bytes; 0 is not said.
    IpAddress told_by;
    IpHeader about;
    Bytes about_payload;  ///< At least 8 bytes: ports, and TCP's sequence number.
};

/// Reads an error of ICMP or ICMPv6; nothing for other messages, and for those that are garbage.
/// RFC 792, RFC 4443
std::optional<IcmpError> read_icmp_error(const IpView& packet);

/// Whether an error may be sent about `packet`: not about errors, later fragments, or what came
/// from or went to more than one host. RFC 1122 3.2.2, RFC 4443 2.4
bool deserves_icmp_error(const IpView& packet);
/// An error about `packet`, from `told_by` to its sender.
Packet make_icmp_error(IcmpReason reason, std::uint32_t mtu, const IpAddress& told_by,
                       Bytes packet);

/// The answer to an echo request; nothing for all else.
std::optional<Packet> answer_echo(const IpView& packet);

}  // namespace fivetuple::sim
