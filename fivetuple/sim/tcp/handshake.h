#pragma once

#include "fivetuple/sim/tcp/segment.h"
#include "fivetuple/sim/tcp/sequence.h"
#include "fivetuple/sim/tcp/timestamp_clock.h"

#include <cstdint>
#include <optional>

namespace fivetuple::sim::tcp {

/// What two ends agree on in their SYNs: all of a connection that exists before it does.
struct Handshake {
    Sequence ours;                    ///< Of our SYN.
    Sequence theirs;                  ///< Of the peer's.
    std::uint16_t our_segment = 536;  ///< What each takes in one segment.
    std::uint16_t their_segment = 536;
    std::uint8_t our_scale = 0;
    std::uint8_t their_scale = 0;
    bool has_scale = false;
    bool has_sack = false;
    bool has_timestamps = false;
    bool has_ecn = false;
    std::uint32_t their_window = 0;
    std::uint32_t recent_timestamp = 0;  ///< The peer's, to be echoed.
    TimestampClock clock;
    std::optional<Time> sent_once_at;  ///< Our SYN, where it was sent once: a measurement.

    /// What the peer's SYN says of itself; a feature that only one side has is off.
    void learn(const Segment& syn, bool is_v6) {
        theirs = syn.sequence;
        const std::uint16_t usual = is_v6 ? 1220 : 536;
        their_segment = syn.options.max_segment.value_or(usual);
        if (their_segment < kLeastSegment) their_segment = kLeastSegment;
        has_scale = has_scale && syn.options.window_scale.has_value();
        their_scale = has_scale ? *syn.options.window_scale : 0;
        if (!has_scale) our_scale = 0;
        has_sack = has_sack && syn.options.sack_permitted;
        has_timestamps = has_timestamps && syn.options.timestamps.has_value();
        if (has_timestamps) recent_timestamp = syn.options.timestamps->value;
        their_window = syn.window;
    }

    /// A peer that asks for less gets this: a segment a byte would be a way to attack.
    static constexpr std::uint16_t kLeastSegment = 48;
};

}  // namespace fivetuple::sim::tcp
