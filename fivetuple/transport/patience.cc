#include "fivetuple/transport/patience.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace fivetuple {

bool is_shortage(const Error& error) {
    return error.is(EMFILE) || error.is(ENFILE) || error.is(ENOBUFS) || error.is(ENOMEM);
}

Sleep Patience::wait() {
    shortages_++;
    const Duration pause = std::exchange(pause_, std::min(pause_ * 2, longest_));
    const auto half = static_cast<std::uint64_t>(pause.count() / 2);
    return sleep(pause / 2 + Duration(random_.below(half + 1)));
}

bool Patience::should_say_so(Time now, Duration interval) {
    if (said_ && now < after(*said_, interval)) return false;
    said_ = now;
    return true;
}

}  // namespace fivetuple
