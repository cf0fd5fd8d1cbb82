#pragma once

#include "fivetuple/os/five_tuple.h"
#include "fivetuple/os/tcp_info.h"
#include "fivetuple/sim/observer.h"
#include "fivetuple/sim/tcp/segment.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fivetuple::sim {

struct StoryOptions {
    /// Every packet has a line, too; else only what is remarkable.
    bool tells_packets = false;
    /// A line for so long without any packet.
    Duration silence = std::chrono::seconds(1);
    /// Of each kind of thing that is kept; what comes later is only counted.
    std::size_t most = 20'000;
    /// The states of a host with more connections are not followed.
    std::size_t most_connections = 64;
};

/// Writes down what happens in a world, for a person to read and for draw(): states of connections,
/// what was lost and sent again, windows that were shut, silence, and trouble. As Observer.
class Story final : public Observer {
public:
    explicit Story(const StoryOptions& options = {}) : options_(options) {}

    struct Line {
        Time at;
        std::string who;
        std::string text;
    };
    const std::vector<Line>& lines() const { return lines_; }
    /// A line each, with the time in seconds; of more than `most` the middle is left out.
    std::string to_string(std::size_t most = SIZE_MAX) const;

    /// A packet on one cable.
    struct Arrow {
        Time sent;
        Time arrived = kNever;  ///< kNever where it was lost.
        std::string from;
        std::string to;
        std::string label;
        bool is_repeated = false;
        std::uint64_t mark = 0;  // By which its arrival is known again.
    };
    /// What a connection, or a line, had at a time.
    struct Sample {
        Time at;
        std::uint64_t value;
    };
    using Series = std::map<std::string, std::vector<Sample>>;
    const std::vector<Arrow>& arrows() const { return arrows_; }
    /// Congestion windows in segments, by connection.
    const Series& windows() const { return windows_; }
    /// Bytes that wait before a line, by direction (`client-server`).
    const Series& queues() const { return queues_; }

    struct Counters {
        std::uint64_t sent = 0;
        std::uint64_t lost = 0;
        std::uint64_t repeated = 0;
        std::uint64_t resets = 0;
    };
    const Counters& counters() const { return counters_; }

    void sent(const Node& from, Cable& over, Bytes packet, Time now) override;
    void lost(const Node& from, Bytes packet, std::string_view why, Time now) override;
    void arrived(const Node& at, Bytes packet, Time now) override;
    void turned(Host& host, Time now) override;
    void troubled(std::string_view what, Time now) override;

private:
    // One direction of a connection, as the wire shows it.
    struct Flow {
        tcp::Sequence first;
        tcp::Sequence end;
        bool has_begun = false;
        bool is_shut = false;
    };
    using Ends = std::pair<SocketAddress, SocketAddress>;

    void tell(Time at, std::string who, std::string text);
    void note_silence(Time now);
    bool note_segment(const Node& from, const Ends& ends, const tcp::Segment& segment, Time now);
    void note_states(Host& host, Time now);
    void add(Series& series, const std::string& name, Time now, std::uint64_t value) const;

    StoryOptions options_;
    std::vector<Line> lines_;
    std::uint64_t untold_ = 0;
    std::vector<Arrow> arrows_;
    std::size_t oldest_under_way_ = 0;
    Series windows_;
    Series queues_;
    Counters counters_;
    std::map<Ends, Flow> flows_;
    std::map<std::string, std::map<FiveTuple, TcpState>> states_;
    Time last_packet_{};
};

}  // namespace fivetuple::sim
