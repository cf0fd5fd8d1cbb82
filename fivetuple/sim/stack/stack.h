#pragma once

#include "fivetuple/base/fifo.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/ip_address.h"
#include "fivetuple/os/socket.h"
#include "fivetuple/sim/ip/fragments.h"
#include "fivetuple/sim/ip/icmp.h"
#include "fivetuple/sim/ip/packet.h"
#include "fivetuple/sim/stack/paths.h"
#include "fivetuple/sim/stack/socket.h"
#include "fivetuple/sim/tcp/stack.h"
#include "fivetuple/sim/udp/table.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace fivetuple::sim {

class StackTcp;
class StackUdp;

/// What a host is told of itself.
struct StackOptions {
    /// Its own addresses; 127.0.0.0/8 and ::1 are there without being named.
    std::vector<IpAddress> addresses;
    std::size_t mtu = 1500;  ///< Of the link that packets leave by.
    std::size_t loopback_mtu = 65536;
    Duration wall_offset{};  ///< What the wall clock, since 1970, is ahead of the time.
    std::uint64_t seed = 0;  ///< Of ports, sequence numbers and identifications.
    tcp::Limits tcp;         ///< Of TCP; Linux's where nothing else is said.
    bool answers_echo = true;
    /// An error about each packet that nobody takes.
    bool sends_icmp_errors = true;
};

/// The network code of one host: packets and time go in, packets and the next deadline come out,
/// and programs have sockets. It does no I/O, has no clock and no chance but its seed. One thread.
class Stack {
public:
    explicit Stack(const StackOptions& options);
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;
    /// All sockets must have ended.
    ~Stack();

    // The network's side.
    /// Takes a packet that came from a link. Garbage is counted and dropped.
    void input(Packet packet, Time now);
    /// The next packet to be put on a link; none where all have been taken.
    std::optional<Packet> output();
    /// When advance() has something to do; kNever where only a packet or a call changes things.
    Time next_deadline() const;
    void advance(Time now);

    // The programs' side.
    /// A socket, or an errno: EAFNOSUPPORT, EPROTONOSUPPORT. socket(2)
    std::expected<std::unique_ptr<StackSocket>, int> open(Family family, SocketType type,
                                                          int protocol);

    // For the protocols.
    const StackOptions& options() const { return options_; }
    /// Of the widest packet on its cables; connections that are there keep theirs.
    void set_mtu(std::size_t mtu);
    void set_wall_offset(Duration offset) { options_.wall_offset = offset; }
    /// What tells its sockets apart: SO_COOKIE. socket(7)
    std::uint64_t next_cookie() { return ++cookies_; }
    bool is_own(const IpAddress& address) const;
    /// The address from which packets to `to` are sent; none where there is no route.
    std::optional<IpAddress> source_for(const IpAddress& to) const;
    std::size_t link_mtu(const IpAddress& to) const;
    std::size_t path_mtu(const IpAddress& to, Time now) const;
    /// Sends a packet, in fragments where it is too large and may be cut. What goes to many comes
    /// back to us, too, where it `loops`.
    void send(Packet packet, Time now, bool loops = true);
    /// The same of a packet with that header.
    void send(Packet packet, const IpHeader& header, Time now, bool loops = true);
    std::uint16_t next_identification() { return ++identification_; }
    const tcp::Stack& tcp() const { return tcp_; }

    struct Counters {
        std::uint64_t packets_in = 0;
        std::uint64_t packets_out = 0;
        std::uint64_t garbage = 0;      ///< Packets that could not be read.
        std::uint64_t not_ours = 0;     ///< Those for another host.
        std::uint64_t nobodys = 0;      ///< Those that no socket took.
        std::uint64_t buffer_full = 0;  ///< Datagrams for which a socket had no room.
    };
    const Counters& counters() const { return counters_; }

private:
    friend class StackTcp;
    friend class StackUdp;

    void take(Packet packet, Time now);
    void take(Packet packet, const IpView& view, Time now);
    void deliver(const IpView& view, Packet& packet, Time now);
    void deliver_udp(const IpView& view, Packet& packet, Time now);
    void deliver_tcp(const IpView& view, Packet& packet, Time now);
    void flush_tcp(Time now);
    void deliver_error(const IcmpError& error, Time now);
    void refuse(IcmpReason reason, const IpView& view, const Packet& packet, Time now);
    bool is_for_us(const IpAddress& address) const;

    StackOptions options_;
    Counters counters_;
    Fifo<Packet> out_;
    Fifo<Packet> own_;  // From us to us.
    Reassembler reassembler_;
    Paths paths_;
    std::uint16_t identification_;
    std::uint32_t fragment_identification_;
    udp::Table udp_;
    tcp::Stack tcp_;
    // Whose a connection or a listener is; only ever looked up.
    std::unordered_map<const tcp::Connection*, StackTcp*> tcp_sockets_;
    std::unordered_map<const tcp::Listener*, StackTcp*> tcp_listeners_;
    std::size_t open_sockets_ = 0;
    std::uint64_t cookies_ = 0;
};

}  // namespace fivetuple::sim
