#include "fivetuple/server/restarts.h"

#include <algorithm>

namespace fivetuple {

std::optional<Duration> Restarts::after_end(Time now) {
    while (!recent_.empty() && now - recent_.front() >= how_.window) recent_.pop_front();
    if (recent_.size() >= how_.most) return std::nullopt;
    Duration pause = std::min(how_.first, how_.longest);
    for (std::size_t each = 0; each < recent_.size() && pause < how_.longest; ++each) {
        pause = std::min(pause * 2, how_.longest);
    }
    recent_.push_back(now);
    count_++;
    const Duration half = pause / 2;
    const auto share = static_cast<double>(half.count()) * random_.unit();
    return pause - half + Duration(static_cast<Duration::rep>(share));
}

}  // namespace fivetuple
