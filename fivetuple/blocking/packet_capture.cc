#include "fivetuple/blocking/packet_capture.h"

#include "fivetuple/os/calls.h"
#include "fivetuple/os/clock.h"
#include "fivetuple/os/options.h"
#include "fivetuple/os/wait.h"

#include <algorithm>
#include <optional>

namespace fivetuple::blocking {

Result<PacketCapture> PacketCapture::open(const PacketOptions& options, const RingOptions& ring) {
    FT_TRY(auto opened, open_packet_ring(options, ring));
    return PacketCapture(std::move(opened.first), std::move(opened.second));
}

Result<void> PacketCapture::wait(Time deadline) {
    // The kernel calls the ring readable as long as its last block is lent: it is not asked then.
    if (ring_.lent() > 0) {
        const Time until = std::min(deadline, after(monotonic_now(), ring_.flush_after()));
        calls::wait_ready(-1, 0, until);  // Nothing but the time.
        if (until < deadline) return {};
        return std::unexpected(Error::deadline("poll"));
    }
    FT_TRY_VOID(wait_until(fd().raw(), Ready::read, deadline, "poll"));
    FT_TRY(const PendingError pending, get<PendingError>(*this));
    if (pending.code == 0) return {};
    return std::unexpected(Error::system(pending.code, "poll"));
}

Result<PacketBlock> PacketCapture::next(Time deadline) {
    while (true) {
        FT_TRY(std::optional<PacketBlock> block, ring_.take());
        if (block) return std::move(*block);
        FT_TRY_VOID(wait(deadline));
    }
}

}  // namespace fivetuple::blocking
