#include "fivetuple/os/datagram.h"

#include "fivetuple/os/calls.h"

// linux/errqueue.h wants this one before it.
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace fivetuple {
namespace {

IpAddress address_of(const in_addr& raw) {
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &raw, sizeof raw);
    return IpAddress(bytes);
}

IpAddress address_of(const in6_addr& raw, unsigned interface) {
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &raw, sizeof raw);
    const bool is_link_local = bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
    return IpAddress(bytes, is_link_local ? interface : 0);
}

bool read_packet_info(const ControlMessage& message, DatagramDetails& details) {
    if (in_pktinfo info{};
        message.level == IPPROTO_IP && message.type == IP_PKTINFO && message.read(info)) {
        details.sent_to = address_of(info.ipi_addr);
        details.interface = static_cast<unsigned>(info.ipi_ifindex);
        return true;
    }
    if (in6_pktinfo info{};
        message.level == IPPROTO_IPV6 && message.type == IPV6_PKTINFO && message.read(info)) {
        details.interface = info.ipi6_ifindex;
        details.sent_to = address_of(info.ipi6_addr, details.interface).unmapped();
        return true;
    }
    return false;
}

// The time that the kernel means; none where a count of nanoseconds since 1970 cannot hold it.
std::optional<WallTime> to_wall_time(const timespec& stamp) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const bool fits = stamp.tv_sec >= 0 && stamp.tv_sec < INT64_MAX / kSecond &&
                      stamp.tv_nsec >= 0 && stamp.tv_nsec < kSecond;
    if (!fits) return std::nullopt;
    return WallTime(std::chrono::seconds(stamp.tv_sec) + std::chrono::nanoseconds(stamp.tv_nsec));
}

bool is(const ControlMessage& message, int level, int type) {
    return message.level == level && message.type == type;
}

}  // namespace

bool DatagramDetails::read(const ControlMessage& message) {
    if (read_packet_info(message, *this)) return true;
    if (is(message, IPPROTO_IP, IP_TTL) || is(message, IPPROTO_IPV6, IPV6_HOPLIMIT)) {
        int hops = 0;
        if (message.read(hops)) ttl = hops;
        return true;
    }
    if (is(message, IPPROTO_IP, IP_TOS)) {
        std::uint8_t value = 0;
        if (message.read(value)) tos = value;
        return true;
    }
    if (is(message, IPPROTO_IPV6, IPV6_TCLASS)) {
        int value = 0;
        if (message.read(value)) tos = static_cast<std::uint8_t>(value);
        return true;
    }
    if (is(message, SOL_SOCKET, SCM_TIMESTAMPNS)) {
        timespec stamp{};
        if (message.read(stamp)) received_at = to_wall_time(stamp);
        return true;
    }
    if (is(message, SOL_SOCKET, SO_RXQ_OVFL)) return message.read(lost);
    return false;
}

Result<void> SendDetails::write(Family family, ControlWriter& into) const {
    const bool v6 = family == Family::ipv6;
    bool fits = true;
    if (from && from->is_v6() != v6) {
        return std::unexpected(
            Error::system(EINVAL, "sendmsg")
                .about(from->to_string())
                .because("the address to send from is of another family than the destination"));
    }
    if (v6 && (from || interface != 0)) {
        in6_pktinfo info{};
        if (from) std::memcpy(&info.ipi6_addr, from->v6_bytes().data(), sizeof info.ipi6_addr);
        info.ipi6_ifindex = interface != 0 ? interface : from->scope();
        fits &= into.add_value(IPPROTO_IPV6, IPV6_PKTINFO, info);
    } else if (from || interface != 0) {
        in_pktinfo info{};
        if (from) std::memcpy(&info.ipi_spec_dst, from->v4_bytes().data(), sizeof(in_addr));
        info.ipi_ifindex = static_cast<int>(interface);
        fits &= into.add_value(IPPROTO_IP, IP_PKTINFO, info);
    }
    if (ttl) {
        fits &= into.add_value(v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_HOPLIMIT : IP_TTL, *ttl);
    }
    if (tos) {
        fits &= into.add_value(v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS,
                               static_cast<int>(*tos));
    }
    if (fits) return {};
    return std::unexpected(Error::limit("sendmsg", "no room for its control messages"));
}

bool DatagramFailure::read(const ControlMessage& message) {
    if (is(message, SOL_SOCKET, SCM_TIMESTAMPING)) {
        std::array<timespec, 3> times{};  // The first is by the kernel's clock.
        if (!message.read(times)) return false;
        const auto at = to_wall_time(times[0]);
        if (!at) return false;
        if (!sent) sent.emplace();
        sent->at = *at;
        return true;
    }
    const bool is_v4 = is(message, IPPROTO_IP, IP_RECVERR);
    if (!is_v4 && !is(message, IPPROTO_IPV6, IPV6_RECVERR)) return false;
    sock_extended_err entry{};
    if (!message.read(entry)) return false;
    if (entry.ee_origin == SO_EE_ORIGIN_TIMESTAMPING) {
        if (!sent) sent.emplace();
        sent->number = entry.ee_data;
        return true;
    }
    code = static_cast<int>(entry.ee_errno);
    switch (entry.ee_origin) {
        case SO_EE_ORIGIN_LOCAL:
            origin = Origin::local;
            break;
        case SO_EE_ORIGIN_ICMP:
            origin = Origin::icmp;
            break;
        case SO_EE_ORIGIN_ICMP6:
            origin = Origin::icmpv6;
            break;
        default:
            origin = entry.ee_origin == SO_EE_ORIGIN_NONE ? Origin::none : Origin::other;
    }
    icmp_type = entry.ee_type;
    icmp_code = entry.ee_code;
    mtu = code == EMSGSIZE ? entry.ee_info : 0;
    // Behind it stands who complains, as a socket address.
    const Bytes offender = message.data.subspan(sizeof entry);
    sockaddr_storage raw{};
    std::memcpy(&raw, offender.data(), std::min(offender.size(), sizeof raw));
    const std::size_t size = raw.ss_family == AF_INET    ? sizeof(sockaddr_in)
                             : raw.ss_family == AF_INET6 ? sizeof(sockaddr_in6)
                                                         : 0;
    if (size == 0 || offender.size() < size) return true;
    const auto address = SocketAddress::from_raw(reinterpret_cast<const sockaddr*>(&raw),
                                                 static_cast<socklen_t>(size));
    if (address) told_by = *address;
    return true;
}

Result<std::optional<DatagramFailure>> next_failure(int fd) {
    sockaddr_storage name{};
    alignas(cmsghdr) std::array<std::byte, 512> control;
    DatagramFailure failure;
    iovec front{failure.first_bytes.data(), failure.first_bytes.size()};
    msghdr header{};
    header.msg_name = &name;
    header.msg_namelen = sizeof name;
    header.msg_iov = &front;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const int result = calls::receive_from_error_queue(fd, header);
    if (result == calls::kWouldBlock) return std::nullopt;
    if (result < 0) return std::unexpected(Error::system(-result, "recvmsg"));
    failure.first_bytes_size = static_cast<std::uint8_t>(
        std::min<std::size_t>(static_cast<std::size_t>(result), failure.first_bytes.size()));
    const auto to =
        SocketAddress::from_raw(reinterpret_cast<const sockaddr*>(&name), header.msg_namelen);
    if (to) failure.sent_to = *to;
    ControlReader reader({control.data(), static_cast<std::size_t>(header.msg_controllen)});
    ControlMessage message;
    while (reader.next(message)) failure.read(message);
    return failure;
}

std::string DatagramFailure::to_string() const {
    std::string text = sent_to.family() == Family::none ? "" : sent_to.to_string() + ": ";
    text += Error::system(code, "").reason();
    if (origin == Origin::icmp || origin == Origin::icmpv6) {
        text += origin == Origin::icmp ? " (ICMP" : " (ICMPv6";
        text += " type " + std::to_string(icmp_type) + " code " + std::to_string(icmp_code);
        if (told_by.is_ip()) text += " from " + told_by.ip().to_string();
        text += ")";
    }
    if (mtu != 0) text += ", the path takes " + std::to_string(mtu) + " bytes";
    return text;
}

}  // namespace fivetuple
