#include "fivetuple/sim/tcp/congestion.h"

#include <algorithm>

namespace fivetuple::sim::tcp {

void Congestion::delivered(std::uint32_t segments, Duration round_trip, Time now) {
    if (segments == 0) return;
    if (is_slow_start()) {
        const std::uint32_t step = std::min(segments, threshold_ - window_);
        window_ += step;
        segments -= step;
        if (segments == 0) return;
    }
    avoid(segments, round_trip, now);
}

std::uint32_t Congestion::lost(Time now) {
    threshold_ = std::max(reduced(now), 2u);
    counted_ = 0;
    return threshold_;
}

void Congestion::undo(std::uint32_t window, std::uint32_t threshold) {
    window_ = std::max(window_, window);
    threshold_ = std::max(threshold_, threshold);
}

void Congestion::restart_after(Duration idle, Duration timeout, std::uint32_t initial_window) {
    const std::uint32_t floor = std::min(initial_window, window_);
    threshold_ = std::max(threshold_ == kNoThreshold ? 0 : threshold_,
                          threshold_ == kNoThreshold ? kNoThreshold : window_ * 3 / 4);
    for (; idle >= timeout && window_ > floor; idle -= timeout) window_ /= 2;
    window_ = std::max(window_, floor);
    counted_ = 0;
    idled();
}

void Congestion::application_was_slow(std::uint32_t used) {
    if (used >= window_) return;
    if (threshold_ != kNoThreshold) threshold_ = std::max(threshold_, window_ * 3 / 4);
    window_ = std::max((window_ + used) / 2, 1u);
}

void Congestion::grow_by_one_in(std::uint32_t every, std::uint32_t segments) {
    every = std::max(every, 1u);
    counted_ += segments;
    window_ += counted_ / every;
    counted_ %= every;
}

std::unique_ptr<Congestion> make_congestion(Limits::Algorithm algorithm,
                                            std::uint32_t initial_window) {
    return algorithm == Limits::Algorithm::reno ? make_reno(initial_window)
                                                : make_cubic(initial_window);
}

}  // namespace fivetuple::sim::tcp
