#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple::diag {

/// What the network of this namespace has counted since it was made. Empty where this kernel does
/// not count it. /proc/net/snmp, netstat and sockstat; proc_net(5), RFC 1213,
/// networking/snmp_counter
struct NetCounters {
    using Count = std::optional<std::uint64_t>;

    // Connections.
    Count active_opens;     ///< Asked for by programs here.
    Count passive_opens;    ///< Asked for by peers.
    Count failed_attempts;  ///< That never were established.
    Count resets_received;  ///< Of established connections.
    Count resets_sent;
    Count established;  ///< Now; not a sum.

    // Queues of listeners.
    Count accept_overflows;  ///< Connections that found an accept queue full.
    Count accept_drops;      ///< All that a listener dropped, for this reason or others.
    Count request_drops;     ///< SYNs that found the queue of half-open ones full.
    Count cookies_sent;      ///< SYN cookies, for want of room in that queue; as the next two.
    Count cookies_good;
    Count cookies_bad;

    // Segments.
    Count segments_received;
    Count segments_sent;
    Count segments_retransmitted;
    Count bad_segments;  ///< With a wrong checksum or length.
    Count timeouts;      ///< Of the retransmission timer.
    Count fast_retransmissions;
    Count lost_retransmissions;
    Count spurious_repairs;  ///< The peer had got it: DSACKs received.
    Count syn_retransmissions;

    // Windows and buffers.
    Count windows_shut;      ///< Zero windows that were told to peers.
    Count windows_opened;    ///< Told open again.
    Count window_probes;     ///< Sent to peers whose window is shut.
    Count pruned;            ///< Out of room: segments thrown away out of the receive queue.
    Count collapsed;         ///< Out of room: segments copied together.
    Count receive_drops;     ///< Segments dropped, as the receive queue took no more.
    Count backlog_drops;     ///< Segments that found the socket in use and its backlog full.
    Count memory_pressures;  ///< Times that TCP's memory got scarce.
    Count memory_aborts;     ///< Connections ended for want of memory.

    // Endings.
    Count aborted_with_data;  ///< Closed with unread data: the peer got a reset.
    Count aborted_by_timeout;
    Count aborted_lingering;
    Count time_waits;           ///< Ended the long way.
    Count time_wait_overflows;  ///< More than tcp_max_tw_buckets; ended at once.
    Count keepalive_probes;

    // UDP, of IPv4 and IPv6 together.
    Count datagrams_received;
    Count datagrams_sent;
    Count datagrams_without_socket;
    Count datagram_errors;
    Count datagram_receive_drops;  ///< A socket's receive buffer was full.
    Count datagram_send_drops;

    // Now, from sockstat; none is a sum.
    Count sockets;      ///< Of all kinds, in all namespaces.
    Count tcp_sockets;  ///< With those that no program holds; the next are part of it.
    Count tcp_orphans;  ///< That no program holds.
    Count tcp_time_wait;
    Count tcp_memory_pages;  ///< Of all namespaces, as is that of UDP.
    Count udp_sockets;
    Count udp_memory_pages;

    /// Errors: those of open(2), where /proc cannot be read; malformed.
    static Result<NetCounters> read();

    /// A counter by its names: ours, and the kernel's (`TcpExt.ListenOverflows`).
    struct Field {
        std::string_view name;
        std::string_view kernel_name;
        Count NetCounters::* member;
        bool is_now;  ///< It tells how it is now; the others only grow.
    };
    static std::span<const Field> fields();
};

/// How much more each counter is than before, and how much that is a second. Those that tell how it
/// is now, and those that are not known on both sides, are left out; what wraps around or was reset
/// counts 0.
struct CounterRate {
    std::string_view name;
    std::uint64_t more = 0;
    double a_second = 0;
};
std::vector<CounterRate> rates(const NetCounters& before, const NetCounters& after,
                               Duration between);

/// Adds the counters of a file of the form of /proc/net/snmp and netstat: a line of names and one
/// of numbers, both behind a group's name. What nobody here knows is passed over.
/// Errors: malformed, where there are not as many numbers as names.
Result<void> read_pairs_of_lines(std::string_view text, NetCounters& into);
/// The same of a file of the form of /proc/net/snmp6: a name and a number a line.
Result<void> read_names_and_numbers(std::string_view text, NetCounters& into);
/// The same of the form of /proc/net/sockstat: names and numbers in turn behind a group's name.
Result<void> read_groups(std::string_view text, NetCounters& into);

}  // namespace fivetuple::diag
