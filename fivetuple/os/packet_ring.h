#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"
#include "fivetuple/os/packet_block.h"
#include "fivetuple/os/packet_socket.h"
#include "fivetuple/os/socket.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace fivetuple {

struct RingOptions {
    /// Bytes of a block, a multiple of the page; frames that do not fit into one are cut.
    std::size_t block_size = std::size_t{256} * 1024;
    std::size_t blocks = 16;
    /// A block that is not full is handed out when its first frame has waited for so long.
    Duration flush_after = std::chrono::milliseconds(10);
};

/// Memory that the kernel writes frames into, shared with it.
struct RingMemory;

/// A block of frames, lent by the kernel, which gets it back when this ends, on the ring's thread.
/// It may outlive the ring and the socket.
class PacketBlock {
public:
    PacketBlock() = default;
    PacketBlock(std::shared_ptr<RingMemory> ring, std::size_t number)
        : ring_(std::move(ring)), number_(number) {}
    PacketBlock(PacketBlock&& other) noexcept = default;
    PacketBlock& operator=(PacketBlock&& other) noexcept;
    ~PacketBlock() { give_back(); }

    /// `LinkFrame frame; for (auto frames = block.frames(); frames.next(frame);)`. They are good
    /// until the block is given back.
    BlockReader frames() const { return BlockReader(bytes()); }
    Bytes bytes() const;
    /// Gives it back now.
    void give_back();
    explicit operator bool() const { return ring_ != nullptr; }

private:
    std::shared_ptr<RingMemory> ring_;
    std::size_t number_ = 0;
};

/// The reading side of a socket whose frames the kernel writes into memory that both see: no call
/// and no copy a frame. networking/packet_mmap, TPACKET_V3
class PacketRing {
public:
    PacketRing() = default;

    /// Gives `socket`, which must not be bound yet, a ring.
    /// Errors: EINVAL for sizes that cannot be; ENOMEM; EPERM over RLIMIT_MEMLOCK. mmap(2)
    static Result<PacketRing> map(Socket& socket, const RingOptions& options);

    /// The next block, where the kernel has handed it out; nothing, where it has not. Errors:
    /// limit, where the next one is still lent from the last time round.
    Result<std::optional<PacketBlock>> take();
    /// Blocks that were taken and not given back. While there are any the socket may look readable
    /// to poll(2) although there is no new block: wait for flush_after instead.
    std::size_t lent() const;
    Duration flush_after() const { return flush_after_; }

private:
    std::shared_ptr<RingMemory> ring_;
    std::size_t next_ = 0;
    Duration flush_after_{};
};

/// A socket with a ring, bound as `options` say; its blocks hold what came after this. Errors: as
/// open_packet_socket() and PacketRing::map().
Result<std::pair<Socket, PacketRing>> open_packet_ring(const PacketOptions& options,
                                                       const RingOptions& ring);

}  // namespace fivetuple
