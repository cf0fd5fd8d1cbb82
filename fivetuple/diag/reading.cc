#include "fivetuple/diag/reading.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace fivetuple::diag {
namespace {

using netlink::Attribute;
using netlink::Message;

// Bits that older headers lack.
constexpr std::uint16_t kCgroup = 21;
constexpr std::uint16_t kSocketFlags = 22;

std::uint64_t cookie_of(const std::uint32_t (&halves)[2]) {
    return std::uint64_t{halves[1]} << 32 | halves[0];
}

IpAddress address_of(std::uint8_t family, const std::uint32_t (&words)[4], std::uint32_t scope) {
    if (family == AF_INET) {
        IpAddress::V4Bytes bytes{};
        std::memcpy(bytes.data(), words, bytes.size());
        return IpAddress(bytes);
    }
    IpAddress::V6Bytes bytes{};
    std::memcpy(bytes.data(), words, bytes.size());
    const IpAddress address(bytes);
    return address.is_link_local() && !address.unmapped().is_v4() ? IpAddress(bytes, scope)
                                                                  : address;
}

std::string_view text_in(const Attribute& attribute) {
    const std::string_view text = text_of(attribute.data);
    return text.substr(0, text.find('\0'));
}

// Older kernels tell fewer of its fields.
void read_memory(const Attribute& attribute, SeenSocket& socket) {
    MemoryInfo::Raw raw{};
    std::memcpy(&raw, attribute.data.data(), std::min(attribute.data.size(), sizeof raw));
    if (attribute.data.size() >= sizeof(std::uint32_t)) socket.memory = MemoryInfo::from_raw(raw);
}

Result<void> read_shutdown(const Attribute& attribute, SeenSocket& socket) {
    std::uint8_t bits = 0;
    FT_TRY_VOID(attribute.read(bits));
    socket.is_shut_for_reading = (bits & 1) != 0;
    socket.is_shut_for_writing = (bits & 2) != 0;
    return {};
}

template <class T>
Result<void> read_into(const Attribute& attribute, std::optional<T>& into) {
    T value{};
    FT_TRY_VOID(attribute.read(value));
    into = value;
    return {};
}

Result<void> read_bbr(const Attribute& attribute, SeenSocket& socket) {
    tcp_bbr_info raw{};
    FT_TRY_VOID(attribute.read_front(raw));
    constexpr double kOne = 256;  // Its gains have eight bits behind the point.
    socket.bbr = BbrInfo{std::uint64_t{raw.bbr_bw_hi} << 32 | raw.bbr_bw_lo,
                         std::chrono::microseconds(raw.bbr_min_rtt), raw.bbr_pacing_gain / kOne,
                         raw.bbr_cwnd_gain / kOne};
    return {};
}

Result<void> read_flags(const Attribute& attribute, SeenSocket& socket) {
    inet_diag_sockopt raw{};
    FT_TRY_VOID(attribute.read_front(raw));
    SocketFlags flags;
    flags.receives_errors = raw.recverr != 0;
    flags.binds_freely = raw.freebind != 0;
    flags.includes_header = raw.hdrincl != 0;
    flags.is_transparent = raw.transparent != 0;
    flags.is_bound_without_port = raw.bind_address_no_port != 0;
    flags.defers_connect = raw.defer_connect != 0;
    socket.flags = flags;
    return {};
}

Result<void> read_upper_layer(const Attribute& attribute, SeenSocket& socket) {
    return netlink::for_each(attribute.nested(), [&socket](const Attribute& each) -> Result<void> {
        if (each.type == INET_ULP_INFO_NAME) socket.upper_layer = text_in(each);
        return {};
    });
}

Result<void> read_attribute(const Attribute& attribute, SeenSocket& socket) {
    switch (attribute.type) {
        case INET_DIAG_SKMEMINFO:
            read_memory(attribute, socket);
            return {};
        case INET_DIAG_INFO:
            socket.tcp_info_bytes = attribute.data;
            return {};
        case INET_DIAG_CONG:
            socket.congestion_control = text_in(attribute);
            return {};
        case INET_DIAG_BBRINFO:
            return read_bbr(attribute, socket);
        case INET_DIAG_TOS:
            return read_into(attribute, socket.service_byte);
        case INET_DIAG_TCLASS:
            return read_into(attribute, socket.traffic_class);
        case INET_DIAG_CLASS_ID:
            return read_into(attribute, socket.priority);
        case INET_DIAG_MARK:
            return read_into(attribute, socket.mark);
        case INET_DIAG_SHUTDOWN:
            return read_shutdown(attribute, socket);
        case INET_DIAG_SKV6ONLY: {
            std::uint8_t is_only_v6 = 0;
            FT_TRY_VOID(attribute.read(is_only_v6));
            socket.is_only_v6 = is_only_v6 != 0;
            return {};
        }
        case INET_DIAG_PROTOCOL:
            return attribute.read(socket.raw_protocol);
        case INET_DIAG_ULP_INFO:
            return read_upper_layer(attribute, socket);
        case kCgroup:
            return read_into(attribute, socket.cgroup);
        case kSocketFlags:
            return read_flags(attribute, socket);
        default:
            return {};
    }
}

std::optional<SocketTimer> timer_of(const inet_diag_msg& head) {
    if (head.idiag_timer == 0 || head.idiag_timer > 4) return std::nullopt;
    return SocketTimer{static_cast<SocketTimer::What>(head.idiag_timer),
                       std::chrono::milliseconds(head.idiag_expires), head.idiag_retrans};
}

Result<void> read_name(const Attribute& attribute, SeenSocket& socket) {
    const std::string_view name = text_of(attribute.data);
    socket.is_abstract = !name.empty() && name.front() == '\0';
    // An abstract name may hold any bytes; a path ends at its zero byte.
    socket.unix_name = socket.is_abstract ? name.substr(1) : name.substr(0, name.find('\0'));
    return {};
}

Result<void> read_unix_attribute(const Attribute& attribute, SeenSocket& socket) {
    switch (attribute.type) {
        case UNIX_DIAG_NAME:
            return read_name(attribute, socket);
        case UNIX_DIAG_VFS: {
            unix_diag_vfs file{};
            FT_TRY_VOID(attribute.read_front(file));
            socket.file_inode = file.udiag_vfs_ino;
            return {};
        }
        case UNIX_DIAG_PEER:
            return read_into(attribute, socket.peer_inode);
        case UNIX_DIAG_ICONS:
            socket.pending = static_cast<std::uint32_t>(attribute.data.size() / 4);
            return {};
        case UNIX_DIAG_RQLEN: {
            unix_diag_rqlen lengths{};
            FT_TRY_VOID(attribute.read_front(lengths));
            socket.receive_queue = lengths.udiag_rqueue;
            socket.send_queue = lengths.udiag_wqueue;
            return {};
        }
        case UNIX_DIAG_MEMINFO:
            read_memory(attribute, socket);
            return {};
        case UNIX_DIAG_SHUTDOWN:
            return read_shutdown(attribute, socket);
        case UNIX_DIAG_UID:
            return read_into(attribute, socket.user);
        default:
            return {};
    }
}

Result<void> read_packet_attribute(const Attribute& attribute, SeenSocket& socket) {
    switch (attribute.type) {
        case PACKET_DIAG_INFO: {
            packet_diag_info info{};
            FT_TRY_VOID(attribute.read_front(info));
            socket.interface = info.pdi_index;
            return {};
        }
        case PACKET_DIAG_UID:
            return read_into(attribute, socket.user);
        case PACKET_DIAG_MEMINFO:
            read_memory(attribute, socket);
            if (socket.memory) socket.receive_queue = socket.memory->receive_allocated;
            return {};
        default:
            return {};
    }
}

Kind unix_kind(std::uint8_t type) {
    if (type == SOCK_STREAM) return Kind::unix_stream;
    return type == SOCK_SEQPACKET ? Kind::unix_seqpacket : Kind::unix_datagram;
}

}  // namespace

Result<SeenSocket> read_internet(const Message& message, Kind kind) {
    inet_diag_msg head{};
    FT_TRY_VOID(message.read(head));
    SeenSocket socket;
    socket.kind = kind;
    socket.state = static_cast<TcpState>(head.idiag_state);
    socket.cookie = cookie_of(head.id.idiag_cookie);
    socket.inode = head.idiag_inode;
    socket.interface = head.id.idiag_if;
    socket.user = head.idiag_uid;
    socket.receive_queue = head.idiag_rqueue;
    socket.send_queue = head.idiag_wqueue;
    socket.local = {address_of(head.idiag_family, head.id.idiag_src, head.id.idiag_if),
                    ntohs(head.id.idiag_sport)};
    socket.peer = {address_of(head.idiag_family, head.id.idiag_dst, head.id.idiag_if),
                   ntohs(head.id.idiag_dport)};
    if (kind == Kind::tcp) socket.timer = timer_of(head);
    FT_TRY_VOID(netlink::for_each(
        message.attributes(sizeof head),
        [&socket](const Attribute& each) { return read_attribute(each, socket); }));
    if (kind == Kind::raw && socket.raw_protocol == 0) {
        socket.raw_protocol = static_cast<std::uint8_t>(socket.local.port);
    }
    return socket;
}

Result<SeenSocket> read_unix(const Message& message) {
    unix_diag_msg head{};
    FT_TRY_VOID(message.read(head));
    SeenSocket socket;
    socket.kind = unix_kind(head.udiag_type);
    socket.state = static_cast<TcpState>(head.udiag_state);
    socket.cookie = cookie_of(head.udiag_cookie);
    socket.inode = head.udiag_ino;
    FT_TRY_VOID(netlink::for_each(
        message.attributes(sizeof head),
        [&socket](const Attribute& each) { return read_unix_attribute(each, socket); }));
    return socket;
}

Result<SeenSocket> read_packet(const Message& message) {
    packet_diag_msg head{};
    FT_TRY_VOID(message.read(head));
    SeenSocket socket;
    socket.kind = head.pdiag_type == SOCK_RAW ? Kind::packet_raw : Kind::packet_datagram;
    socket.state = TcpState::closed;
    socket.cookie = cookie_of(head.pdiag_cookie);
    socket.inode = head.pdiag_ino;
    socket.frame_protocol = head.pdiag_num;
    FT_TRY_VOID(netlink::for_each(
        message.attributes(sizeof head),
        [&socket](const Attribute& each) { return read_packet_attribute(each, socket); }));
    return socket;
}

}  // namespace fivetuple::diag
