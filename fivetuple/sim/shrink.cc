#include "fivetuple/sim/shrink.h"

#include <algorithm>
#include <numeric>

namespace fivetuple::sim {

std::vector<std::size_t> shrink(std::size_t count,
                                const std::function<bool(const std::vector<std::size_t>&)>& fails) {
    std::vector<std::size_t> kept(count);
    std::iota(kept.begin(), kept.end(), std::size_t{0});
    if (count == 0 || fails({})) return {};
    // Ever smaller pieces are left out, until no single one can be.
    std::size_t piece = (count + 1) / 2;
    while (!kept.empty()) {
        bool has_shrunk = false;
        for (std::size_t from = 0; from < kept.size();) {
            const std::size_t to = std::min(from + piece, kept.size());
            std::vector<std::size_t> rest(kept.begin(),
                                          kept.begin() + static_cast<std::ptrdiff_t>(from));
            rest.insert(rest.end(), kept.begin() + static_cast<std::ptrdiff_t>(to), kept.end());
            if (!rest.empty() && fails(rest)) {
                kept = std::move(rest);
                has_shrunk = true;
            } else {
                from = to;
            }
        }
        if (piece > 1) {
            piece = (piece + 1) / 2;
        } else if (!has_shrunk) {
            break;
        }
    }
    return kept;
}

}  // namespace fivetuple::sim
