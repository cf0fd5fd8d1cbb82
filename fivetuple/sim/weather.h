#pragma once

#include "fivetuple/base/random.h"
#include "fivetuple/base/time.h"
#include "fivetuple/sim/link/stage.h"

namespace fivetuple::sim {

/// What one direction of a cable suffers for the time being.
struct Weather {
    double loss = 0;  ///< Probability, as the next three.
    double duplicate = 0;
    double corrupt = 0;  ///< That one bit turns.
    double reorder = 0;  ///< That a packet comes `reorder_by` later, and others overtake it.
    Duration reorder_by{};
    Duration delay{};      ///< On top of what the cable has.
    Time clogged_until{};  ///< Nothing comes out before.
};

/// A stage whose troubles can be changed while packets go through it.
class WeatherStage final : public Stage {
public:
    explicit WeatherStage(Random random) : random_(random) {}
    void pass(Packet packet, Time at, Onward& onward) override;
    const char* name() const override { return "trouble"; }

    Weather weather;

private:
    void send_on(Packet packet, Time at, Onward& onward);

    Random random_;
    Time last_{};
};

}  // namespace fivetuple::sim
