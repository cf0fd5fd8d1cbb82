#pragma once

#include "fivetuple/os/option_forms.h"

#include <sys/socket.h>

#include <cstdint>
#include <string>

// When packets came and went. The times arrive as control messages. socket(7)
namespace fivetuple {

/// Tell when each packet came, in microseconds of wall-clock time. socket(7)
struct Timestamp : Switch<Timestamp, SOL_SOCKET, SO_TIMESTAMP> {
    static constexpr const char* name = "SO_TIMESTAMP";
};

/// The same in nanoseconds; switches Timestamp off. socket(7)
struct TimestampNanoseconds : Switch<TimestampNanoseconds, SOL_SOCKET, SO_TIMESTAMPNS> {
    static constexpr const char* name = "SO_TIMESTAMPNS";
};

/// What SO_TIMESTAMPING can be asked for. The first seven say which times are taken and told; a
/// time is told only when its kind (`software`, `raw_hardware`) is asked for as well.
/// Kernel documentation: networking/timestamping
enum class Stamp : std::uint32_t {
    send_hardware = 1 << 0,       ///< When the device sent it.
    send_software = 1 << 1,       ///< When the driver took it.
    receive_hardware = 1 << 2,    ///< When the device received it.
    receive_software = 1 << 3,    ///< When the kernel received it.
    software = 1 << 4,            ///< Tell the times of the kernel's clock.
    raw_hardware = 1 << 6,        ///< Tell the times of the device's clock.
    send_scheduled = 1 << 8,      ///< When it entered the queueing discipline.
    send_acknowledged = 1 << 9,   ///< When TCP's peer had acknowledged all of it.
    number = 1 << 7,              ///< Number the sends; TCP must be connected.
    with_control = 1 << 10,       ///< Tell IP_PKTINFO's kind of message with times of sends.
    time_only = 1 << 11,          ///< Do not send the packet back along with its time.
    with_statistics = 1 << 12,    ///< Tell the figures of TCP_INFO with times of sends.
    with_device = 1 << 13,        ///< Tell the device that received, by index.
    both_clocks = 1 << 14,        ///< Tell both times of a send, not only the device's.
    number_from_write = 1 << 16,  ///< TCP's numbers count from what was written, not acknowledged.
    filter_receive = 1 << 17,     ///< Tell only of what this socket asked for.
    send_completed = 1 << 18,     ///< When the driver was told that it is out.
};

/// Several of them.
class Stamps {
public:
    constexpr Stamps() = default;
    constexpr Stamps(Stamp one) : bits_(static_cast<std::uint32_t>(one)) {}
    constexpr static Stamps from_bits(std::uint32_t bits) {
        Stamps stamps;
        stamps.bits_ = bits;
        return stamps;
    }
    constexpr bool has(Stamp one) const { return (bits_ & static_cast<std::uint32_t>(one)) != 0; }
    constexpr std::uint32_t bits() const { return bits_; }
    friend constexpr Stamps operator|(Stamps a, Stamps b) { return from_bits(a.bits_ | b.bits_); }
    constexpr bool operator==(const Stamps&) const = default;
    /// `receive_software software`; `none`
    std::string to_string() const;

private:
    std::uint32_t bits_ = 0;
};

constexpr Stamps operator|(Stamp a, Stamp b) { return Stamps(a) | Stamps(b); }

/// Take times of what comes and goes, in nanoseconds, by the kernel's clock or the device's.
/// Kernel documentation: networking/timestamping
struct Timestamping {
    /// The kernel's struct so_timestamping.
    struct Raw {
        std::uint32_t flags;
        std::int32_t clock;
    };
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = SO_TIMESTAMPING;
    static constexpr const char* name = "SO_TIMESTAMPING";
    static constexpr const char* form = "flags";
    static constexpr const char* unit = "";

    Stamps stamps;

    Raw to_raw() const { return {stamps.bits(), 0}; }
    static Timestamping from_raw(const Raw& raw) { return {Stamps::from_bits(raw.flags)}; }
    std::string to_string() const { return stamps.to_string(); }
};

/// The clock by which the time to send is given. clock_gettime(2)
enum class SendClock : std::uint8_t { wall = 0, monotonic = 1, tai = 11 };

/// Send each packet at the time that comes with it (SCM_TXTIME), where the queueing discipline can.
/// Clocks other than the monotonic one need CAP_NET_ADMIN. tc-etf(8), tc-fq(8)
struct TransmitTime {
    /// The kernel's struct sock_txtime.
    struct Raw {
        std::int32_t clock;
        std::uint32_t flags;
    };
    static constexpr int level = SOL_SOCKET;
    static constexpr int number = 61;
    static constexpr const char* name = "SO_TXTIME";
    static constexpr const char* form = "structure";
    static constexpr const char* unit = "";

    SendClock clock = SendClock::monotonic;
    bool is_deadline = false;     ///< The time is the latest, not the exact one.
    bool reports_errors = false;  ///< Tell of packets that were too late by the error queue.

    Raw to_raw() const;
    static TransmitTime from_raw(const Raw& raw);
    std::string to_string() const;
};

}  // namespace fivetuple
