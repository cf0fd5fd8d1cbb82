#pragma once

#include "fivetuple/sim/udp/arrival.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>

namespace fivetuple::sim::udp {

/// Whether packets may be cut. IP_MTU_DISCOVER, ip(7)
enum class MtuDiscovery : std::uint8_t {
    dont,  ///< By anybody.
    want,  ///< By this host, where the path is known to take less.
    must,  ///< By nobody: what does not fit is an error.
    probe  ///< By nobody, and what is known of the path does not count.
};

/// What a program chooses for one socket, with Linux's defaults. udp(7), ip(7)
struct Settings {
    bool reuse_address = false;    ///< SO_REUSEADDR
    bool reuse_port = false;       ///< SO_REUSEPORT
    bool v6_only = false;          ///< IPV6_V6ONLY
    bool broadcast = false;        ///< SO_BROADCAST
    bool report_failures = false;  ///< IP_RECVERR
    MtuDiscovery discovery = MtuDiscovery::want;
    bool multicast_loop = true;            ///< IP_MULTICAST_LOOP
    std::uint8_t hops = 64;                ///< IP_TTL
    std::uint8_t multicast_hops = 1;       ///< IP_MULTICAST_TTL
    std::uint8_t traffic_class = 0;        ///< IP_TOS
    std::size_t receive_buffer = 212'992;  ///< SO_RCVBUF as the kernel keeps it: doubled.
    std::size_t send_buffer = 212'992;     ///< SO_SNDBUF, the same.
};

/// The control block of a UDP socket: its names, and the queue of what has come. It sends nothing
/// itself.
class Socket {
public:
    explicit Socket(Family family) : family_(family) {}

    Settings settings;

    Family family() const { return family_; }
    /// Where it is bound, and whom it is connected to; of no family where it is not.
    const SocketAddress& local() const { return local_; }
    const SocketAddress& peer() const { return peer_; }
    bool is_bound() const { return local_.is_ip(); }
    bool is_connected() const { return peer_.is_ip(); }

    /// Keeps a datagram, or drops it where the buffer is full: false.
    bool deliver(Arrival arrival);
    bool has_arrived() const { return !queue_.empty(); }
    std::size_t waiting() const { return queue_.size(); }
    const Arrival& front() const { return queue_.front(); }
    Arrival take();
    std::uint64_t dropped() const { return dropped_; }
    std::size_t queued_memory() const { return memory_; }

    /// What happened to a datagram that was sent: kept as the error of the next call where the
    /// socket asks for it, or is connected and it is not one that may pass. As Linux does it.
    void failed(const DatagramFailure& failure, bool is_lasting);
    /// The pending error, an errno, taken; 0 where there is none.
    int take_error();
    bool has_error() const { return error_ != 0; }
    std::optional<DatagramFailure> take_failure();
    /// Into the queue of failures, something that is none.
    void note(const DatagramFailure& what);
    bool has_failures() const { return !failures_.empty(); }

    /// Groups that it has joined, each from all senders or from those named alone.
    /// IP_ADD_MEMBERSHIP, IP_ADD_SOURCE_MEMBERSHIP
    std::map<IpAddress, std::set<IpAddress>> groups;
    bool is_member(const IpAddress& group, const IpAddress& sender) const;
    bool reads_ended = false;  ///< shutdown(2)
    bool writes_ended = false;

private:
    friend class Table;

    Family family_;
    SocketAddress local_;
    SocketAddress peer_;
    bool has_chosen_address_ = false;  // Connecting chose the local address, not the program.
    std::uint64_t order_ = 0;          // In which sockets were bound.
    std::deque<Arrival> queue_;
    std::size_t memory_ = 0;
    std::uint64_t dropped_ = 0;
    int error_ = 0;
    std::deque<DatagramFailure> failures_;
};

}  // namespace fivetuple::sim::udp
