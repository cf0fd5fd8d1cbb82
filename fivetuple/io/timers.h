#pragma once

#include "fivetuple/base/heap.h"
#include "fivetuple/base/time.h"
#include "fivetuple/io/job.h"

#include <algorithm>
#include <cstdint>

namespace fivetuple {

/// Runs once when its time has come. Owned by whoever starts it; costs no allocation.
struct Timer : Job, HeapPlace {
    Time when{};
    std::uint64_t order = 0;  ///< Of timers due at the same time, the lowest runs first.
};

/// The deadlines of a loop.
class Timers {
public:
    /// Of timers due at the same time, the one started first runs first; but from here on in an
    /// order drawn from `seed`. Before the first is started.
    void draw_ties(std::uint64_t seed) {
        // Multiplying by an odd number mixes the order, and its inverse brings it back.
        factor_ = seed | 1;
        inverse_ = factor_;
        for (int doubling = 0; doubling < 5; ++doubling) inverse_ *= 2 - factor_ * inverse_;
    }

    bool empty() const { return heap_.empty(); }
    Time next() { return heap_.empty() ? kNever : heap_.top().when; }

    /// `timer` must not be running already.
    void start(Timer& timer, Time when) {
        // What is long overdue goes behind what is due already, or one that is started for a time
        // gone by, again and again, would keep all others from running.
        const std::uint64_t late = when <= fired_ ? kLate : 0;
        timer.when = std::max(when, fired_);
        timer.order = (started_++ * factor_ & ~kLate) | late;
        heap_.push(timer);
    }

    /// Harmless when it is not running.
    void stop(Timer& timer) {
        if (timer.is_in_heap()) heap_.erase(timer);
    }

    /// Runs those that are due, in the order of their times, and what each makes ready. Timers that
    /// this starts wait for the next call, even if they are due at once.
    void fire(Time now, ReadyQueue& ready) {
        fired_ = now;
        const std::uint64_t end = started_;
        while (!heap_.empty() && heap_.top().when <= now) {
            Timer& due = heap_.top();
            if ((due.order * inverse_ & ~kLate) >= end) break;
            heap_.erase(due);
            ready.run_now(due);
        }
    }

private:
    struct Sooner {
        bool operator()(const Timer& a, const Timer& b) const {
            return a.when != b.when ? a.when < b.when : a.order < b.order;
        }
    };
    static constexpr std::uint64_t kLate = std::uint64_t{1} << 63;

    Heap<Timer, Sooner> heap_;
    std::uint64_t started_ = 0;
    std::uint64_t factor_ = 1;
    std::uint64_t inverse_ = 1;
    Time fired_ = Time::min();
};

}  // namespace fivetuple
