#pragma once

#include "fivetuple/os/option_forms.h"

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>

// The options that every kind of socket has, whether or not they mean something to it. socket(7)
namespace fivetuple {

/// Bind although old connections of the address are still in TIME_WAIT. On by default for our
/// listeners; it counts only when the earlier listener had it too. socket(7)
struct ReuseAddress : Switch<ReuseAddress, SOL_SOCKET, SO_REUSEADDR> {
    static constexpr const char* name = "SO_REUSEADDR";
};

/// Let several listeners share one address; the kernel spreads connections over them. Other
/// processes of the same user can join, too. socket(7)
struct ReusePort : Switch<ReusePort, SOL_SOCKET, SO_REUSEPORT> {
    static constexpr const char* name = "SO_REUSEPORT";
};

/// Probe a silent peer. The kernel's own timing takes two hours; see KeepAliveIdle. socket(7)
struct KeepAlive : Switch<KeepAlive, SOL_SOCKET, SO_KEEPALIVE> {
    static constexpr const char* name = "SO_KEEPALIVE";
};

/// Bytes of the receive buffer. The kernel doubles what is asked, and clips it to
/// net.core.rmem_max; setting it switches auto-tuning off. socket(7)
struct ReceiveBuffer : Count<ReceiveBuffer, SOL_SOCKET, SO_RCVBUF> {
    static constexpr const char* name = "SO_RCVBUF";
    static constexpr const char* unit = "bytes";
    static constexpr int least = 0;
    static constexpr int most = INT_MAX;
};

/// Bytes of the send buffer; doubled and clipped as the receive buffer's. socket(7)
struct SendBuffer : Count<SendBuffer, SOL_SOCKET, SO_SNDBUF> {
    static constexpr const char* name = "SO_SNDBUF";
    static constexpr const char* unit = "bytes";
    static constexpr int least = 0;
    static constexpr int most = INT_MAX;
};

/// Bytes of the receive buffer beyond net.core.rmem_max; needs CAP_NET_ADMIN. What it became is
/// told by ReceiveBuffer: twice as much. socket(7)
struct ForcedReceiveBuffer : UntoldCount<ForcedReceiveBuffer, SOL_SOCKET, SO_RCVBUFFORCE> {
    static constexpr const char* name = "SO_RCVBUFFORCE";
    static constexpr const char* unit = "bytes";
    static constexpr int least = 0;
    static constexpr int most = INT_MAX;
    using ToldBy = ReceiveBuffer;
};

/// Bytes of the send buffer beyond net.core.wmem_max; needs CAP_NET_ADMIN. socket(7)
struct ForcedSendBuffer : UntoldCount<ForcedSendBuffer, SOL_SOCKET, SO_SNDBUFFORCE> {
    static constexpr const char* name = "SO_SNDBUFFORCE";
    static constexpr const char* unit = "bytes";
    static constexpr int least = 0;
    static constexpr int most = INT_MAX;
    using ToldBy = SendBuffer;
};

/// Bytes that must have come before a socket counts as readable; clipped to half of the receive
/// buffer. socket(7)
struct ReceiveLowWater : Count<ReceiveLowWater, SOL_SOCKET, SO_RCVLOWAT> {
    static constexpr const char* name = "SO_RCVLOWAT";
    static constexpr const char* unit = "bytes";
    static constexpr int least = 1;
    static constexpr int most = INT_MAX;
};

/// How long a blocking receive waits at most; 0 is for ever. Our sockets do not block in the kernel
/// and have deadlines instead: this is for descriptors given to others. socket(7)
struct ReceiveTimeout : TimevalLength<ReceiveTimeout, SOL_SOCKET, SO_RCVTIMEO> {
    static constexpr const char* name = "SO_RCVTIMEO";
};

/// How long a blocking send, or connect, waits at most; 0 is for ever. socket(7)
struct SendTimeout : TimevalLength<SendTimeout, SOL_SOCKET, SO_SNDTIMEO> {
    static constexpr const char* name = "SO_SNDTIMEO";
};

/// What close() does with data not yet sent: `off` leaves it to the kernel (the default),
/// `wait(5s)` blocks, `reset()` throws it away and sends RST, skipping TIME_WAIT. socket(7)
struct Linger {
    using Raw = linger;
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = SO_LINGER;
    static constexpr const char* name = "SO_LINGER";
    static constexpr const char* form = "off, wait or reset";
    static constexpr const char* unit = "s";
    static constexpr int least = 0;
    static constexpr int most = INT_MAX / 1000;
    bool on = false;
    std::chrono::seconds limit{0};

    static Linger off() { return {}; }
    static Linger wait(std::chrono::seconds limit) { return {true, limit}; }
    static Linger reset() { return {true, std::chrono::seconds(0)}; }

    Raw to_raw() const { return {on ? 1 : 0, static_cast<int>(limit.count())}; }
    static Linger from_raw(Raw raw) {
        return {raw.l_onoff != 0, std::chrono::seconds(raw.l_linger)};
    }
    Result<void> check() const {
        return check_range({level, number, name}, limit.count(), least, most, unit);
    }
    std::string to_string() const;
};

/// Allow datagrams to broadcast addresses. socket(7)
struct Broadcast : Switch<Broadcast, SOL_SOCKET, SO_BROADCAST> {
    static constexpr const char* name = "SO_BROADCAST";
};

/// Leave urgent data in the stream instead of holding it apart for MSG_OOB. socket(7), tcp(7)
struct OutOfBandInline : Switch<OutOfBandInline, SOL_SOCKET, SO_OOBINLINE> {
    static constexpr const char* name = "SO_OOBINLINE";
};

/// The queueing class of what is sent: 0 to 6, and any with CAP_NET_ADMIN. socket(7)
struct Priority : Count<Priority, SOL_SOCKET, SO_PRIORITY> {
    static constexpr const char* name = "SO_PRIORITY";
    static constexpr const char* unit = "";
};

/// A number that routing and firewall rules can see on all that is sent; needs CAP_NET_ADMIN, or
/// CAP_NET_RAW. socket(7)
struct Mark : Count<Mark, SOL_SOCKET, SO_MARK> {
    static constexpr const char* name = "SO_MARK";
    static constexpr const char* unit = "";
};

/// Use one network device only, by name; the empty name lets go of it. Changing one that is set
/// needs CAP_NET_RAW. socket(7)
struct BindToDevice : Name<BindToDevice, SOL_SOCKET, SO_BINDTODEVICE> {
    static constexpr const char* name = "SO_BINDTODEVICE";
};

/// The same by the device's index; 0 lets go of it. netdevice(7)
struct BindToInterface : Count<BindToInterface, SOL_SOCKET, 62> {
    static constexpr const char* name = "SO_BINDTOIFINDEX";
    static constexpr const char* unit = "";
    static constexpr int least = 0;
    static constexpr int most = INT_MAX;
};

/// Send to hosts on the local network only, past the routing table. socket(7)
struct DontRoute : Switch<DontRoute, SOL_SOCKET, SO_DONTROUTE> {
    static constexpr const char* name = "SO_DONTROUTE";
};

/// Set on a listener of a SO_REUSEPORT group: prefer it for what comes in on this processor. Read:
/// the processor that handled the last packet. -1 is none. socket(7)
struct IncomingCpu : Count<IncomingCpu, SOL_SOCKET, SO_INCOMING_CPU> {
    static constexpr const char* name = "SO_INCOMING_CPU";
    static constexpr const char* unit = "";
};

/// The receive queue of the device by which the last packet came, as an id; 0 where the device has
/// none. socket(7)
struct IncomingNapiId : Figure<IncomingNapiId, SOL_SOCKET, 56> {
    static constexpr const char* name = "SO_INCOMING_NAPI_ID";
    static constexpr const char* unit = "";
};

/// How long a receive looks at the device's queue itself before it sleeps. Raising it needs
/// CAP_NET_ADMIN. socket(7)
struct BusyPoll : Length<BusyPoll, SOL_SOCKET, SO_BUSY_POLL, std::chrono::microseconds> {
    static constexpr const char* name = "SO_BUSY_POLL";
};

/// Keep the device's interrupts off while the program polls by itself; needs CAP_NET_ADMIN.
/// socket(7)
struct PreferBusyPoll : Switch<PreferBusyPoll, SOL_SOCKET, 69> {
    static constexpr const char* name = "SO_PREFER_BUSY_POLL";
};

/// Packets that one busy poll may handle; over 8 needs CAP_NET_ADMIN. socket(7)
struct BusyPollBudget : UntoldCount<BusyPollBudget, SOL_SOCKET, 70> {
    static constexpr const char* name = "SO_BUSY_POLL_BUDGET";
    static constexpr const char* unit = "packets";
    static constexpr int least = 0;
    static constexpr int most = 65535;
};

/// Bytes a second that the socket sends at most; UINT64_MAX is no limit. TCP paces itself, others
/// need the fq queueing discipline. tc-fq(8)
struct MaxPacingRate {
    using Raw = std::uint64_t;
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = 47;
    static constexpr const char* name = "SO_MAX_PACING_RATE";
    static constexpr const char* form = "number";
    static constexpr const char* unit = "bytes/s";
    std::uint64_t bytes_per_second = UINT64_MAX;

    Raw to_raw() const { return bytes_per_second; }
    static MaxPacingRate from_raw(Raw raw) { return {raw}; }
    std::string to_string() const;
};

/// Allow sends that leave the bytes where they are (MSG_ZEROCOPY). TCP and UDP only. socket(7)
struct ZeroCopy : Switch<ZeroCopy, SOL_SOCKET, SO_ZEROCOPY> {
    static constexpr const char* name = "SO_ZEROCOPY";
};

/// Tell with each datagram how many were dropped before it. socket(7)
struct ReceiveDropCount : Switch<ReceiveDropCount, SOL_SOCKET, SO_RXQ_OVFL> {
    static constexpr const char* name = "SO_RXQ_OVFL";
};

/// The error that waits in the socket, as an errno; reading it clears it. socket(7)
struct PendingError {
    using Raw = int;
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = SO_ERROR;
    static constexpr const char* name = "SO_ERROR";
    static constexpr const char* form = "errno";
    static constexpr const char* unit = "";
    int code = 0;
    static PendingError from_raw(Raw raw) { return {raw}; }
    std::string to_string() const;
    std::int64_t figure() const { return code; }
};

/// Whether the socket listens. socket(7)
struct IsListening {
    using Raw = int;
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = SO_ACCEPTCONN;
    static constexpr const char* name = "SO_ACCEPTCONN";
    static constexpr const char* form = "switch";
    static constexpr const char* unit = "";
    bool on = false;
    static IsListening from_raw(Raw raw) { return {raw != 0}; }
    std::string to_string() const { return on ? "on" : "off"; }
    std::int64_t figure() const { return on ? 1 : 0; }
};

/// The address family (AF_INET ...) that the socket was opened with. socket(7)
struct Domain {
    using Raw = int;
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = SO_DOMAIN;
    static constexpr const char* name = "SO_DOMAIN";
    static constexpr const char* form = "AF_ number";
    static constexpr const char* unit = "";
    int value = 0;
    static Domain from_raw(Raw raw) { return {raw}; }
    std::string to_string() const;
    std::int64_t figure() const { return value; }
};

/// The socket's type (SOCK_STREAM ...). socket(7)
struct Type {
    using Raw = int;
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = SO_TYPE;
    static constexpr const char* name = "SO_TYPE";
    static constexpr const char* form = "SOCK_ number";
    static constexpr const char* unit = "";
    int value = 0;
    static Type from_raw(Raw raw) { return {raw}; }
    std::string to_string() const;
    std::int64_t figure() const { return value; }
};

/// The protocol (IPPROTO_TCP ...) that the socket was opened with. socket(7)
struct ProtocolNumber {
    using Raw = int;
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = SO_PROTOCOL;
    static constexpr const char* name = "SO_PROTOCOL";
    static constexpr const char* form = "IPPROTO_ number";
    static constexpr const char* unit = "";
    int value = 0;
    static ProtocolNumber from_raw(Raw raw) { return {raw}; }
    std::string to_string() const;
    std::int64_t figure() const { return value; }
};

/// A number that no other socket of this machine has had since it started; sock_diag and eBPF know
/// the socket by it. socket(7)
struct SocketCookie : Figure<SocketCookie, SOL_SOCKET, 57, std::uint64_t> {
    static constexpr const char* name = "SO_COOKIE";
    static constexpr const char* unit = "";
};

/// The same of the network namespace that the socket lives in. network_namespaces(7)
struct NamespaceCookie : Figure<NamespaceCookie, SOL_SOCKET, 71, std::uint64_t> {
    static constexpr const char* name = "SO_NETNS_COOKIE";
    static constexpr const char* unit = "";
};

/// The memory of a socket, all in bytes but for `drops`, which are packets. sock_diag(7)
struct MemoryInfo {
    struct Raw {
        std::uint32_t fields[9];
    };
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = 55;
    static constexpr const char* name = "SO_MEMINFO";
    static constexpr const char* form = "structure";
    static constexpr const char* unit = "bytes";

    std::uint32_t receive_allocated =
        0;                             ///< Received and not yet read, with the kernel's overhead.
    std::uint32_t receive_buffer = 0;  ///< The limit of it: SO_RCVBUF.
    std::uint32_t send_allocated = 0;  ///< On its way out, in the device's queues as well.
    std::uint32_t send_buffer = 0;     ///< The limit of it: SO_SNDBUF.
    std::uint32_t reserved = 0;        ///< Set aside for what comes next.
    std::uint32_t send_queued = 0;     ///< Sent by the program and kept by the socket.
    std::uint32_t options = 0;         ///< What its options and filters take.
    std::uint32_t backlog = 0;         ///< Come in while somebody used the socket.
    std::uint32_t drops = 0;           ///< Packets dropped for want of room.

    static MemoryInfo from_raw(const Raw& raw);
    std::string to_string() const;
};

}  // namespace fivetuple
