#pragma once

#include "fivetuple/base/error.h"
#include "fivetuple/base/histogram.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/datagram.h"
#include "fivetuple/os/icmp.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace fivetuple {

struct PingOptions {
    /// Probes to send; 0: no end.
    std::uint64_t count = 0;
    /// From one probe to the next.
    Duration interval = std::chrono::seconds(1);
    /// How long the answer to a probe may take.
    Duration timeout = std::chrono::seconds(2);
    /// Bytes of payload, behind the 8 of the ICMP header.
    std::size_t size = 56;
    /// Routers that a probe may pass; what the system has set where there is none.
    std::optional<int> ttl = std::nullopt;
    /// The local address to send from.
    std::optional<IpAddress> from = std::nullopt;
};

/// By which kind of socket probes go.
enum class PingMeans : std::uint8_t {
    ping_socket,  ///< Sends echo requests only, and needs no privilege. icmp(7)
    raw_socket,   ///< Needs CAP_NET_RAW. raw(7)
};

/// `a ping socket`, `a raw socket`
const char* to_string(PingMeans means);

/// What came of a probe, or came late, or twice.
struct PingEvent {
    enum class Kind : std::uint8_t {
        reply,      ///< An answer in time.
        late,       ///< An answer after it had been given up.
        duplicate,  ///< Another answer to the same probe.
        failure,    ///< Somebody says that it cannot be delivered: `failure`.
        silence,    ///< No answer within the timeout.
        unsent,     ///< It could not be sent: `error`.
    };

    Kind kind = Kind::silence;
    std::uint64_t sequence = 0;  ///< From 1 on; in messages its low 16 bits.
    Duration round_trip{};       ///< From sending to receiving.
    bool by_kernel = false;      ///< Whether the kernel's stamp says when it was received.
    IpAddress from;              ///< Who answered, or said that it cannot be delivered.
    std::optional<int> ttl;      ///< Hops that the answer may still have gone.
    std::size_t size = 0;        ///< Of the answer, its ICMP header included; in bytes.
    bool is_damaged = false;     ///< The answer's payload is not what was sent.
    std::optional<DatagramFailure> failure;
    std::optional<Error> error;

    bool is_answer() const { return kind <= Kind::duplicate; }
    /// As in `64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.045 ms`.
    std::string to_string() const;
};

/// What has come of all probes so far.
struct PingStatistics {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;  ///< Probes answered, be it late.
    std::uint64_t duplicates = 0;
    std::uint64_t damaged = 0;
    std::uint64_t failures = 0;
    std::uint64_t unsent = 0;
    Histogram round_trips;  ///< Of the probes answered, in nanoseconds.
    double squares = 0;     ///< The sum of their squares.

    /// The share of probes that have no answer, those under way and those that could not be sent
    /// included: 0 to 1.
    double loss() const;
    /// Zero, where nothing was answered.
    Duration least() const { return Duration(static_cast<std::int64_t>(round_trips.least())); }
    Duration mean() const { return Duration(static_cast<std::int64_t>(round_trips.mean())); }
    Duration most() const { return Duration(static_cast<std::int64_t>(round_trips.most())); }
    /// The standard deviation, which ping(8) calls mdev.
    Duration deviation() const;
    /// The time that this share of answers (0.99: 99 %) does not exceed, within 1.6 %.
    Duration quantile(double share) const {
        return Duration(static_cast<std::int64_t>(round_trips.quantile(share)));
    }
};

/// Which probe is due when, and what each message that comes means: ping without a socket and
/// without a clock. The point of monotonic time is given to it, and the wall clock's where probes
/// are sent: the kernel stamps by that.
class PingSession {
public:
    /// `identifier` marks our probes among those of others, as `mark` does in their payload; see
    /// PingSocket.
    PingSession(Family family, PingMeans means, std::uint16_t identifier, std::uint64_t mark,
                const PingOptions& options);

    /// Whether the next probe is due.
    bool should_send(Time now) const;
    /// That probe, to be sent at once; good until the next call.
    Bytes make_probe(Time now, WallTime wall);
    /// The probe that was made last could not be sent: the event.
    PingEvent not_sent(const Error& why);

    /// What a message that was received means; nothing, where it is not about our probes.
    std::optional<PingEvent> read(const Datagram& datagram, Time now);
    std::optional<PingEvent> read(const DatagramFailure& failure, Time now);
    /// A probe whose time has run out; nothing, where there is none (more).
    std::optional<PingEvent> take_silent(Time now);

    /// When should_send() or take_silent() will have something; kNever where all is over.
    Time next_due() const;
    /// All probes have been sent, and something has come of each.
    bool is_over() const;
    /// Sends no more probes; those under way may still be answered.
    void stop() { stopped_ = true; }

    const PingStatistics& statistics() const { return statistics_; }
    /// Room that any message which read() can use takes.
    std::size_t room() const { return options_.size + 256; }

private:
    enum class State : std::uint8_t { waiting, answered, failed, silent, unsent };
    struct Probe {
        Time sent_at;
        WallTime sent_wall;
        State state = State::waiting;
    };
    static constexpr std::size_t kRemembered = 4096;

    bool all_sent() const { return stopped_ || (options_.count != 0 && made_ >= options_.count); }
    Probe* find(std::uint16_t sequence, std::uint64_t& number);
    std::optional<IcmpEcho> our_echo(Bytes message, bool is_reply) const;
    bool is_damaged(Bytes payload) const;
    PingEvent answer(Probe& probe, const Datagram& datagram, Time now);
    void count_answer(Probe& probe, PingEvent& event);

    Family family_;
    PingMeans means_;
    std::uint16_t identifier_;
    PingOptions options_;
    std::vector<std::byte> payload_;
    std::vector<std::byte> message_;
    std::deque<Probe> probes_;  // The last made_ - forgotten_ of them.
    std::uint64_t made_ = 0;    // The sequence of the last one.
    std::uint64_t forgotten_ = 0;
    std::uint64_t settled_ = 0;  // Up to this sequence none is waiting.
    std::optional<Time> next_send_;
    bool stopped_ = false;
    PingStatistics statistics_;
};

}  // namespace fivetuple
