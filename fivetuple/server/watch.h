#pragma once

#include "fivetuple/base/histogram.h"
#include "fivetuple/server/limits.h"
#include "fivetuple/server/reason.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/socket_stream.h"

#include <optional>

namespace fivetuple {

/// Holds a connection's handler to the limits of time. The handler does nothing for it: every task
/// notes what it waits for and since when anyway, so one timer a connection looks at that now and
/// then. No limit is enforced before its time, and that of a write at most half as late again.
class Watch : private Deadline {
public:
    Watch(SocketStream& stream, const ServerLimits& limits, Histogram& lag)
        : stream_(stream), limits_(limits), lag_(lag) {
        run = &look_again;
    }

    /// The handler runs in node() from now on, below `parent`.
    void begin(Node& parent);
    void end() { Deadline::end(); }
    Node& node() { return *this; }
    using Node::is_stopped;

    /// Ends the handler: what it awaits fails with Cause::deadline.
    void stop_for(Reason why);
    /// Why it was ended, if it was.
    std::optional<Reason> stopped_for() const { return stopped_for_; }
    Time began() const { return began_; }

    void set_due(Time due);
    void clear_due() { due_ = kNever; }

    /// Whether the handler has waited for input for so long, and for nothing else of the peer's.
    bool rests_since(Duration quiet);

    /// What the handler waits for of its connection: since when.
    struct Waits {
        std::optional<Time> reading;
        std::optional<Time> writing;
    };
    Waits waits();

private:
    static void look_again(Job& job);
    void look(Time now);
    void gather(Node& node, Waits& waits) const;
    Duration longest_pause() const;

    SocketStream& stream_;
    const ServerLimits& limits_;
    Histogram& lag_;
    Time began_{};
    Time sent_until_ = Time::min();
    Time due_ = kNever;
    std::optional<Reason> stopped_for_;
};

}  // namespace fivetuple
