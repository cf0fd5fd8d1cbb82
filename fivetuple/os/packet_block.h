#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/os/packet_frame.h"

#include <cstddef>
#include <cstdint>

namespace fivetuple {

/// Walks over the frames of a block that the kernel has filled, where they lie. Lengths and offsets
/// that lie end the walk: it never reads outside of `block`. Kernel documentation:
/// networking/packet_mmap, TPACKET_V3
class BlockReader {
public:
    explicit BlockReader(Bytes block);

    /// The next one; false at the end.
    bool next(LinkFrame& frame);
    /// What is wrong with the block, where the walk ended for that; null, where all is well.
    const char* fault() const { return fault_; }

    /// Frames that the block says it has, those already read included.
    std::size_t frames() const { return frames_; }
    /// Whether the kernel dropped frames since somebody last asked (take_packet_statistics).
    bool is_losing() const { return is_losing_; }

private:
    bool fail(const char* fault);

    Bytes block_;
    std::size_t at_ = 0;    // Where the next one begins.
    std::size_t left_ = 0;  // Frames not yet read.
    std::size_t frames_ = 0;
    const char* fault_ = nullptr;
    bool is_losing_ = false;
};

}  // namespace fivetuple
