#include "results.h"

namespace bench {

const Measurement* RowResult::find(const std::string& server) const {
    for (const Measurement& measured : servers) {
        if (measured.server == server) return &measured;
    }
    return nullptr;
}

}  // namespace bench
