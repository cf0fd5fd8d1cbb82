#include "fivetuple/os/packet_socket.h"

#include "fivetuple/os/netlink/link.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/raw_socket.h"

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cerrno>

namespace fivetuple {
namespace {

template <class T>
Bytes raw_bytes(const T& value) {
    return std::as_bytes(std::span(&value, 1));
}

Result<void> hear_everything(Socket& socket, const PacketOptions& options, unsigned interface) {
    if (interface == 0) {
        return std::unexpected(
            Error::system(EINVAL, "setsockopt PACKET_ADD_MEMBERSHIP")
                .because("to hear frames for others an interface must be named"));
    }
    packet_mreq request{};
    request.mr_ifindex = static_cast<int>(interface);
    request.mr_type = PACKET_MR_PROMISC;
    auto done = socket.set_option(SOL_PACKET, PACKET_ADD_MEMBERSHIP, raw_bytes(request));
    if (!done) return std::unexpected(std::move(done).error().about(options.interface));
    return {};
}

}  // namespace

Result<Socket> prepare_packet_socket(const PacketOptions& options) {
    unsigned interface = 0;
    if (!options.interface.empty()) {
        FT_TRY(interface, netlink::interface_index(options.interface));
    }
    // Of protocol 0 it receives nothing until it is bound.
    const int type = options.cooked ? SOCK_DGRAM : SOCK_RAW;
    Fd opened(::socket(AF_PACKET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!opened) return std::unexpected(no_raw_socket(errno, "packet"));
    Socket socket(std::move(opened));
    if (options.filter) FT_TRY_VOID(set(socket, SocketFilter{*options.filter}));
    constexpr int kOn = 1;
    FT_TRY_VOID(socket.set_option(SOL_PACKET, PACKET_AUXDATA, raw_bytes(kOn)));
    if (options.received_at) FT_TRY_VOID(set(socket, TimestampNanoseconds{}));
    if (options.promiscuous) FT_TRY_VOID(hear_everything(socket, options, interface));
    return socket;
}

Result<void> bind_packet_socket(Socket& socket, const PacketOptions& options) {
    PacketAddress at;
    at.protocol = options.protocol;
    if (!options.interface.empty()) {
        FT_TRY(at.interface, netlink::interface_index(options.interface));
    }
    sockaddr_storage raw{};
    const socklen_t size = at.to_raw(raw);
    if (::bind(socket.fd().raw(), reinterpret_cast<sockaddr*>(&raw), size) == 0) return {};
    return std::unexpected(
        Error::system(errno, "bind")
            .about(options.interface.empty() ? std::string("every interface") : options.interface));
}

Result<Socket> open_packet_socket(const PacketOptions& options) {
    FT_TRY(Socket socket, prepare_packet_socket(options));
    FT_TRY_VOID(bind_packet_socket(socket, options));
    return socket;
}

Result<PacketStatistics> take_packet_statistics(OptionAccess socket) {
    tpacket_stats_v3 told{};  // Of a socket without a ring the last field is not told.
    FT_TRY(const std::size_t size, socket.get_option(SOL_PACKET, PACKET_STATISTICS,
                                                     std::as_writable_bytes(std::span(&told, 1))));
    if (size < sizeof(tpacket_stats)) {
        return std::unexpected(Error::malformed("getsockopt PACKET_STATISTICS", "it is too short"));
    }
    return PacketStatistics{told.tp_packets, told.tp_drops};
}

}  // namespace fivetuple
