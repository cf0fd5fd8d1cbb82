#pragma once

#include "fivetuple/os/bpf.h"
#include "fivetuple/os/option.h"
#include "fivetuple/os/packet_frame.h"
#include "fivetuple/os/socket.h"

#include <cstdint>
#include <optional>
#include <string>

namespace fivetuple {

struct PacketOptions {
    /// The interface's name; empty: every one.
    std::string interface = {};
    /// What frames must carry to be received; 0 receives none, for who only sends.
    EtherType protocol = EtherType::every;
    /// Without the link's header, which the kernel takes off and puts on. SOCK_DGRAM
    bool cooked = false;
    /// Receive only what this program keeps.
    std::optional<bpf::Program> filter = std::nullopt;
    /// Make the interface, which must be named, hear frames for others, too; ends with the socket.
    bool promiscuous = false;
    /// Tell when each frame came. (VLAN tags and checksums are always told of.)
    bool received_at = false;
};

/// A socket for frames, bound as the options say: nothing from elsewhere comes before that. What
/// PacketSocket is made of. Errors: EPERM, naming the capability; ENODEV for an interface that is
/// not there; ENETDOWN for one that is down; EINVAL for `promiscuous` on every interface. packet(7)
Result<Socket> open_packet_socket(const PacketOptions& options);

/// The two halves of it, for what has to be done in between: until it is bound it receives nothing.
Result<Socket> prepare_packet_socket(const PacketOptions& options);
Result<void> bind_packet_socket(Socket& socket, const PacketOptions& options);

/// What a socket for frames has counted since it was last asked. packet(7), PACKET_STATISTICS
struct PacketStatistics {
    std::uint32_t received = 0;
    std::uint32_t dropped = 0;  ///< For want of room in the socket or its ring.
};

/// Asks, and so sets both to 0. Errors: ENOPROTOOPT for other sockets.
Result<PacketStatistics> take_packet_statistics(OptionAccess socket);

}  // namespace fivetuple
