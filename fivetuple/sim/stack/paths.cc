#include "fivetuple/sim/stack/paths.h"

#include <algorithm>

namespace fivetuple::sim {

std::size_t Paths::mtu(const IpAddress& to, std::size_t link_mtu, Time now) const {
    const auto known = paths_.find(to);
    if (known == paths_.end() || known->second.until <= now) return link_mtu;
    return std::min(known->second.mtu, link_mtu);
}

std::size_t Paths::shrink(const IpAddress& to, std::size_t mtu, std::size_t sent, Time now) {
    const std::size_t least = to.is_v4() ? kLeastV4 : kLeastV6;
    // An old router does not say: the next smaller size that links have. RFC 1191, section 7.1
    if (mtu == 0) {
        for (const std::size_t plateau : {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296}) {
            if (plateau < sent) {
                mtu = plateau;
                break;
            }
        }
    }
    const auto known = paths_.find(to);
    const bool holds = known != paths_.end() && known->second.until > now;
    // Never larger: that is for time to tell.
    if (holds) mtu = std::min(mtu, known->second.mtu);
    mtu = std::max(mtu, least);
    if (paths_.size() >= kMost && known == paths_.end()) paths_.erase(paths_.begin());
    paths_[to] = {mtu, now + kMemory};
    return mtu;
}

}  // namespace fivetuple::sim
