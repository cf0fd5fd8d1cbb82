#include "fivetuple/sim/tcp/congestion.h"

namespace fivetuple::sim::tcp {

namespace {

class Reno final : public Congestion {
public:
    using Congestion::Congestion;

private:
    void avoid(std::uint32_t segments, Duration, Time) override {
        grow_by_one_in(window(), segments);
    }
    std::uint32_t reduced(Time) override { return window() / 2; }
};

}  // namespace

std::unique_ptr<Congestion> make_reno(std::uint32_t initial_window) {
    return std::make_unique<Reno>(initial_window);
}

}  // namespace fivetuple::sim::tcp
