#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/address.h"
#include "fivetuple/os/ancillary.h"
#include "fivetuple/os/ecn.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace fivetuple {

/// A point of the wall clock in nanoseconds, as the kernel stamps packets.
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// What the kernel tells of a datagram beside its bytes: that which the socket was asked to tell.
/// ip(7), ipv6(7)
struct DatagramDetails {
    std::optional<IpAddress> sent_to;     ///< The local address that it came to.
    unsigned interface = 0;               ///< The index of the interface it came in by.
    std::optional<int> ttl;               ///< Hops it may still have gone: TTL or hop limit.
    std::optional<std::uint8_t> tos;      ///< Type of service or traffic class, whole.
    std::optional<WallTime> received_at;  ///< When the kernel got it.
    std::uint32_t lost = 0;               ///< Datagrams dropped so far for want of room.

    std::optional<Ecn> ecn() const {
        if (!tos) return std::nullopt;
        return static_cast<Ecn>(*tos & 3);
    }
    /// Takes over what `message` says; false for one that is about something else.
    bool read(const ControlMessage& message);
};

/// What is to be said to the kernel of one datagram that is sent.
struct SendDetails {
    std::optional<IpAddress> from;    ///< The local address to send from.
    unsigned interface = 0;           ///< The interface to send by; 0 leaves it to the routes.
    std::optional<int> ttl;           ///< 1 to 255 hops.
    std::optional<std::uint8_t> tos;  ///< Type of service or traffic class, ECN included.

    bool empty() const { return !from && interface == 0 && !ttl && !tos; }
    /// Writes them for a destination of `family`. Errors: EINVAL, where `from` is of another one.
    Result<void> write(Family family, ControlWriter& into) const;
    /// Room that this takes at most.
    static constexpr std::size_t kRoom = 128;
};

/// A datagram that has come. Its bytes lie in the buffer that it was received into.
struct Datagram {
    Bytes bytes;
    SocketAddress from;    ///< Of no family where the sender has no name.
    std::size_t size = 0;  ///< As it was sent: more than `bytes` where it did not fit.
    DatagramDetails details;

    bool is_truncated() const { return size > bytes.size(); }
};

/// When a datagram left. Kernel documentation: networking/timestamping
struct SentTime {
    std::uint32_t number = 0;  ///< Of the send, counted from 0 on its socket.
    WallTime at;               ///< When the driver took it.
};

/// Why a datagram did not arrive, or when it left: an entry of the socket's error queue. ip(7),
/// IP_RECVERR
struct DatagramFailure {
    enum class Origin : std::uint8_t { none, local, icmp, icmpv6, other };

    int code = 0;                  ///< An errno: ECONNREFUSED, EHOSTUNREACH, EMSGSIZE ...
    Origin origin = Origin::none;  ///< Who said so.
    std::uint8_t icmp_type = 0;
    std::uint8_t icmp_code = 0;
    std::uint32_t mtu = 0;  ///< With EMSGSIZE: the largest packet that the path takes, in bytes.
    SocketAddress sent_to;  ///< Where the datagram was to go.
    SocketAddress told_by;  ///< The host or router that refused it; of no family if we did.
    /// The first bytes of what was sent, as far as they came back: of UDP those of its payload, of
    /// ping sockets and raw ones the header behind that of IP.
    std::array<std::byte, 8> first_bytes{};
    std::uint8_t first_bytes_size = 0;
    std::optional<SentTime> sent;  ///< It is no failure: the datagram left then.

    Bytes front() const { return Bytes(first_bytes).first(first_bytes_size); }
    /// As in `10.0.0.7:9: Connection refused (ICMP type 3 code 3 from 10.0.0.7)`.
    std::string to_string() const;
    /// Takes over what `message` says; false for one that is about something else.
    bool read(const ControlMessage& message);
};

/// Takes the front of a descriptor's error queue; nothing where it is empty.
/// Errors: as recvmsg(2), MSG_ERRQUEUE.
Result<std::optional<DatagramFailure>> next_failure(int fd);

}  // namespace fivetuple
