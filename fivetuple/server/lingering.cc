#include "fivetuple/server/lingering.h"

#include "fivetuple/os/options.h"
#include "fivetuple/task/within.h"

#include <algorithm>

namespace fivetuple {

Task<void> linger_at_end(SocketStream& stream, const ServerLimits& limits) {
    if (auto done = stream.shutdown_write(); !done) co_return;
    const Time end = after(stream.loop().now(), limits.linger);
    for (std::size_t thrown_away = 0; thrown_away < limits.linger_bytes;) {
        const Duration left = end - stream.loop().now();
        auto got = co_await within(std::min(limits.linger_silence, left), stream.read());
        if (!got || got->empty()) co_return;
        thrown_away += got->size();
    }
}

void close_by_reset(SocketStream& stream) {
    if (!stream) return;
    static_cast<void>(set(stream, Linger::reset()));
    stream.close();
}

}  // namespace fivetuple
