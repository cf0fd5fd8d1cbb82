#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/sim/tcp/limits.h"

#include <cstdint>
#include <memory>

namespace fivetuple::sim::tcp {

/// The congestion window, in segments, and what an algorithm makes of it. Recovery from losses is
/// not its business: it says how the window grows, and how far it is cut.
class Congestion {
public:
    static constexpr std::uint32_t kNoThreshold = 0x7fffffff;

    explicit Congestion(std::uint32_t initial_window) : window_(initial_window) {}
    Congestion(const Congestion&) = delete;
    Congestion& operator=(const Congestion&) = delete;
    virtual ~Congestion() = default;

    std::uint32_t window() const { return window_; }
    std::uint32_t threshold() const { return threshold_; }
    bool is_slow_start() const { return window_ < threshold_; }
    void set_window(std::uint32_t segments) { window_ = segments > 0 ? segments : 1; }

    /// `segments` were delivered while the window was what held the sender back.
    void delivered(std::uint32_t segments, Duration round_trip, Time now);
    /// A loss, or a mark of congestion: the threshold falls to what is returned; the window is
    /// recovery's to bring there.
    std::uint32_t lost(Time now);
    /// The cut was a mistake: nothing had been lost.
    void undo(std::uint32_t window, std::uint32_t threshold);
    /// Nothing was sent for `idle`: the window falls by half with each timeout. RFC 5681, 4.1
    void restart_after(Duration idle, Duration timeout, std::uint32_t initial_window);
    /// What the application did not use says nothing of the network. RFC 7661
    void application_was_slow(std::uint32_t used);
    /// A timeout: whatever is remembered of the growth is void.
    virtual void timed_out() {}

protected:
    /// Growth beyond the threshold.
    virtual void avoid(std::uint32_t segments, Duration round_trip, Time now) = 0;
    /// The threshold after a loss.
    virtual std::uint32_t reduced(Time now) = 0;
    virtual void idled() {}

    /// One segment more for each `every` that were delivered.
    void grow_by_one_in(std::uint32_t every, std::uint32_t segments);

private:
    std::uint32_t window_;
    std::uint32_t threshold_ = kNoThreshold;
    std::uint32_t counted_ = 0;
};

/// RFC 5681
std::unique_ptr<Congestion> make_reno(std::uint32_t initial_window);
/// RFC 9438
std::unique_ptr<Congestion> make_cubic(std::uint32_t initial_window);
std::unique_ptr<Congestion> make_congestion(Limits::Algorithm algorithm,
                                            std::uint32_t initial_window);

}  // namespace fivetuple::sim::tcp
