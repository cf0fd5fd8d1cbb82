#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/pump.h"

#include "tools/relay_end.h"
#include <cstdint>
#include <optional>

namespace ft_tool {

struct RelayLimits {
    /// Ends a relay over which nothing has moved for so long.
    std::optional<fivetuple::Duration> idle;
    /// How long, without a byte, the other direction may go on when one has ended; none: for ever,
    /// but half a second where it has no end, as of datagrams.
    std::optional<fivetuple::Duration> after_end;
    /// Bytes that are read from a stream for one message at most.
    std::size_t block = 8192;
    /// Nothing goes from right to left: what comes there is thrown away.
    bool one_way = false;
};

/// What went in one direction.
struct RelayCount {
    fivetuple::PumpCount moved;
    std::uint64_t messages = 0;  ///< Where a side keeps messages.
};

/// What a relay did, so far or in all.
struct RelayTally {
    RelayCount there;  ///< From left to right.
    RelayCount back;
    bool was_idle = false;  ///< It was ended for want of news.

    std::uint64_t progress() const {
        return there.moved.bytes + there.messages + back.moved.bytes + back.messages;
    }
};

/// Moves what comes in at either side out at the other, until both directions have ended; the end
/// of one is passed on. Where one fails, the other side is not left to believe in a good end.
/// Errors: those of reading and writing; cancelled, deadline.
fivetuple::Task<fivetuple::Result<void>> run_relay(RelayEnd& left, RelayEnd& right,
                                                   const RelayLimits& limits, RelayTally& tally);

}  // namespace ft_tool
