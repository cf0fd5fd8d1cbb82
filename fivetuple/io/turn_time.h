#pragma once

#include "fivetuple/base/time.h"

namespace fivetuple {

/// Of the loop that waits on this thread: where it keeps the time at which its turn began. While
/// this lives, and the one before it again afterwards: a simulated world turns loops within loops.
class TurnTime {
public:
    explicit TurnTime(Time& began);
    TurnTime(const TurnTime&) = delete;
    TurnTime& operator=(const TurnTime&) = delete;
    ~TurnTime();

private:
    Time* before_;
};

/// For a backend that has slept, before it runs what has finished: that is part of a new turn, and
/// what goes by the time of the turn would else go by that of the one before the sleep.
void begin_turn_at(Time now);

}  // namespace fivetuple
