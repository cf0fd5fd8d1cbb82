#pragma once

#include "fivetuple/sim/observer.h"
#include "fivetuple/sim/tcp/segment.h"
#include "fivetuple/sim/tcp/tuple_key.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace ft_scenarios {

namespace ft = fivetuple;

/// Looks at every segment that a host sends, beside all that has come to it before, and says which
/// is the first that TCP does not allow: whatever programs make of it, and whether or not it does
/// any harm. RFC 9293, RFC 7323, RFC 2018
class WireCheck final : public ft::sim::Observer {
public:
    /// Passes on what it is told, where there is somebody else who watches.
    explicit WireCheck(ft::sim::Observer* also) : also_(also) {}

    void sent(const ft::sim::Node& from, ft::sim::Cable& over, ft::Bytes packet,
              ft::Time now) override;
    void lost(const ft::sim::Node& from, ft::Bytes packet, std::string_view why,
              ft::Time now) override;
    void arrived(const ft::sim::Node& at, ft::Bytes packet, ft::Time now) override;
    void turned(ft::sim::Host& host, ft::Time now) override;
    void crashed(ft::sim::Host& host, ft::Time now) override;
    void troubled(std::string_view what, ft::Time now) override;

    /// What is wrong with the first such segment, when it went, and from where; empty where there
    /// was none.
    const std::string& complaint() const { return complaint_; }
    /// Segments that were looked at.
    std::uint64_t segments() const { return segments_; }
    /// Those with bytes that had been sent before.
    std::uint64_t repeated() const { return repeated_; }

private:
    using Segment = ft::sim::tcp::Segment;
    using Sequence = ft::sim::tcp::Sequence;
    /// Of a stream, counted from its SYN, which has place 0.
    using Place = std::int64_t;

    /// What a SYN said.
    struct Syn {
        Sequence at;
        std::uint16_t window = 0;
        std::uint32_t max_segment = 536;
        std::optional<std::uint8_t> scale;
        bool has_timestamps = false;
    };
    /// What one end of a connection has sent, and what has come to it.
    struct End {
        std::optional<Syn> ours;
        std::optional<Syn> theirs;
        std::optional<Syn> asked;  ///< A SYN that has come, and was not answered yet.
        Place sent_to = 1;
        std::optional<Place> fin_at;
        bool is_first_to_end = false;
        std::vector<std::byte> kept;  ///< Bytes that were sent,
        std::size_t dropped = 0;      ///< of which so many have been acknowledged.
        Place acknowledged = 1;
        Place edge = 1;               ///< Of the largest window that has come.
        std::map<Place, Place> come;  ///< Of the peer's stream, in ranges that do not touch.
        std::optional<Place> their_fin_at;
        Place told = 0;  ///< The last acknowledgement, and the edge of the last window.
        Place told_edge = 0;
        std::optional<std::uint32_t> timestamp;
        std::optional<std::uint32_t> newest_timestamp;  ///< That has come.
        std::optional<ft::Time> waits_until;            ///< Of TIME_WAIT.
        bool is_over = false;

        Place come_to() const { return come.empty() ? 0 : come.begin()->second; }
        bool is_scaled() const {
            return ours && theirs && ours->scale.has_value() && theirs->scale.has_value();
        }
        /// What was sent before and is not acknowledged, from there on.
        ft::Bytes sent_from(Place at) const;
        void acknowledge(Place to);
        /// Forgets all but the SYN that has come.
        void begin_anew();
        void note_come(Place begin, Place end);
        bool has_come(Place begin, Place end) const;
    };
    struct Key {
        const ft::sim::Node* node;
        ft::sim::tcp::TupleKey tuple;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const;
    };

    void send(End& end, const Segment& segment, ft::Time now);
    void send_syn(End& end, const Segment& segment);
    void send_reset(End& end, ft::Time now);
    void check_bytes(End& end, const Segment& segment);
    void check_acknowledgement(End& end, const Segment& segment);
    void check_timestamps(End& end, const Segment& segment);
    void come(End& end, const Segment& segment);
    void note_time_wait(End& end, ft::Time now);
    void wrong(const char* what);

    ft::sim::Observer* also_;
    std::unordered_map<Key, End, KeyHash> ends_;
    std::uint64_t segments_ = 0;
    std::uint64_t repeated_ = 0;
    std::string complaint_;
    const char* wrong_ = nullptr;  // With the segment that is looked at.
};

}  // namespace ft_scenarios
