#include "fivetuple/diag/socket.h"

#include "fivetuple/os/address.h"

#include <net/if.h>

#include <array>
#include <utility>

namespace fivetuple::diag {
namespace {

std::string interface_text(std::uint32_t index) {
    if (index == 0) return "*";
    char name[IF_NAMESIZE];
    return ::if_indextoname(index, name) != nullptr ? name : std::to_string(index);
}

std::string unix_text(const SeenSocket& socket) {
    if (socket.unix_name.empty()) return "*";
    const auto address = socket.is_abstract ? SocketAddress::unix_abstract(socket.unix_name)
                                            : SocketAddress::unix_path(socket.unix_name);
    if (!address) return std::string(socket.unix_name);
    const std::string text = address->to_string();
    constexpr std::string_view kFront = "unix:";
    return text.starts_with(kFront) ? text.substr(kFront.size()) : text;
}

// As the kernel's headers name those that are met most.
std::string frame_protocol_text(std::uint16_t protocol) {
    switch (protocol) {
        case 0x0003:
            return "all";
        case 0x0800:
            return "ip";
        case 0x0806:
            return "arp";
        case 0x86dd:
            return "ipv6";
        case 0x88cc:
            return "lldp";
        default:
            return std::to_string(protocol);
    }
}

}  // namespace

std::string_view name_of(Kind kind) {
    constexpr std::array<std::string_view, 8> kNames{"tcp",           "udp",
                                                     "raw",           "unix stream",
                                                     "unix datagram", "unix seqpacket",
                                                     "packet raw",    "packet datagram"};
    return kNames[std::to_underlying(kind)];
}

std::string_view name_of(SocketTimer::What what) {
    constexpr std::array<std::string_view, 5> kNames{"none", "retransmission", "keepalive",
                                                     "time-wait", "probe"};
    return kNames[std::to_underlying(what)];
}

std::string EndPoint::to_string() const {
    std::string text = ip.is_v6() ? "[" + ip.to_string() + "]" : ip.to_string();
    if (ip == IpAddress::any_v4()) text = "*";
    text += ':';
    return text + (port == 0 ? "*" : std::to_string(port));
}

std::optional<TcpInfo> SeenSocket::tcp_info() const {
    if (tcp_info_bytes.empty()) return std::nullopt;
    auto info = TcpInfo::from_bytes(tcp_info_bytes);
    if (!info) return std::nullopt;
    return *std::move(info);
}

std::optional<SeenSocket::AcceptQueue> SeenSocket::accept_queue() const {
    if (state != TcpState::listening || !receive_queue || !send_queue) return std::nullopt;
    return AcceptQueue{*receive_queue, *send_queue};
}

std::string SeenSocket::local_text() const {
    if (is_internet(kind)) return local.to_string();
    if (is_unix(kind)) return unix_text(*this);
    return frame_protocol_text(frame_protocol.value_or(0)) + ":" + interface_text(interface);
}

std::string SeenSocket::peer_text() const {
    if (is_internet(kind)) return peer.to_string();
    if (peer_inode && *peer_inode != 0) return "inode " + std::to_string(*peer_inode);
    return "*";
}

}  // namespace fivetuple::diag
