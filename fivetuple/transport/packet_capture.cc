#include "fivetuple/transport/packet_capture.h"

#include "fivetuple/os/options.h"
#include "fivetuple/task/sleep.h"

#include <optional>

namespace fivetuple {

/// Until the socket says that a block is there, or that it has an error.
class PacketCapture::Wait : public SocketOp, public Awaits<Wait> {
public:
    explicit Wait(PacketCapture& capture) : SocketOp(capture, OpKind::poll, kReads) {}
    bool start(Node& node, std::coroutine_handle<> sleeper) {
        begin_use();
        ask_poll(socket_handle(), kPollReadable);
        return begin(node, sleeper);
    }
    Result<bool> finish() {
        end_use();
        if (result < 0) return std::unexpected(error("poll"));
        return (result & kPollReadable) == 0;
    }
};

Result<PacketCapture> PacketCapture::open(Loop& loop, const PacketOptions& options,
                                          const RingOptions& ring) {
    FT_TRY(auto opened, open_packet_ring(options, ring));
    FT_TRY(const Handle handle, loop.sockets().adopt(std::move(opened.first).release()));
    return PacketCapture(loop, handle, std::move(opened.second));
}

// Reading the error takes it away, and with it the reason why poll(2) would not wait.
Result<void> PacketCapture::take_failure() {
    FT_TRY(const PendingError pending, get<PendingError>(*this));
    if (pending.code == 0) return {};
    return std::unexpected(Error::system(pending.code, "poll"));
}

Task<Result<PacketBlock>> PacketCapture::next() {
    while (true) {
        FT_CO_TRY(std::optional<PacketBlock> block, ring_.take());
        if (block) co_return std::move(*block);
        if (ring_.lent() > 0) {
            // The kernel calls the ring readable as long as its last block is lent.
            FT_CO_TRY_VOID(co_await sleep(ring_.flush_after()));
            continue;
        }
        FT_CO_TRY(const bool has_failed, co_await Wait(*this));
        if (has_failed) FT_CO_TRY_VOID(take_failure());
    }
}

}  // namespace fivetuple
