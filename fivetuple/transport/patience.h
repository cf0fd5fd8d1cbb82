#pragma once

#include "fivetuple/base/error.h"
#include "fivetuple/base/random.h"
#include "fivetuple/base/time.h"
#include "fivetuple/io/loop.h"
#include "fivetuple/task/sleep.h"

#include <cstdint>
#include <optional>

namespace fivetuple {

/// Whether accept() failed for want of descriptors or memory: the listener is well, and so are
/// those who wait to be accepted.
bool is_shortage(const Error& error);

/// What an accepting task does about shortages: waits, twice as long each time up to half a second
/// or what is given, and some of it by chance, so that several do not come back together.
class Patience {
public:
    explicit Patience(std::uint64_t seed, Duration longest = std::chrono::milliseconds(500))
        : random_(seed), longest_(longest) {}

    /// After a shortage: Result<void> when it is time to try again. Errors: cancelled, deadline.
    Sleep wait();
    /// After a success.
    void relieved() { pause_ = kShortest; }
    /// Shortages so far.
    std::uint64_t shortages() const { return shortages_; }
    /// True at the first shortage, and then at most once in each `interval`: time to say so.
    bool should_say_so(Time now, Duration interval = std::chrono::seconds(5));

private:
    static constexpr Duration kShortest = std::chrono::milliseconds(5);

    Random random_;
    Duration longest_;
    Duration pause_ = kShortest;
    std::uint64_t shortages_ = 0;
    std::optional<Time> said_;
};

}  // namespace fivetuple
