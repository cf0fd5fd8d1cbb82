#pragma once

#include <cstdint>

namespace bench {

/// What others took of this machine while we measured, in per cent of all its cores.
struct Disturbance {
    double other_processes = 0;
    double stolen_by_host = 0;
};

/// Watches what others take from its making on.
class DisturbanceWatch {
public:
    DisturbanceWatch() : begun_(read()) {}
    /// Up to now. Children of ours count as ours once they have been reaped.
    Disturbance so_far() const;

private:
    struct Times {
        double all = 0;
        double busy = 0;
        double stolen = 0;
        double ours = 0;
    };
    static Times read();

    Times begun_;
};

}  // namespace bench
