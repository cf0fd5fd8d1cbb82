#pragma once

#include "fivetuple/base/buffer.h"
#include "fivetuple/protocol/framing/frame.h"

#include <span>
#include <vector>

namespace fivetuple {

/// Frames that wait to be sent: the half of a writer that does no I/O.
class FrameQueue {
public:
    /// Adds a frame, with a copy of its payload.
    void add(const FrameBorders& borders, Bytes payload);
    /// Adds a frame whose payload stays where it is, until went() or keep() has been told of it.
    void lend(const FrameBorders& borders, Bytes payload);

    bool empty() const { return waiting_ == 0; }
    /// Bytes that wait.
    std::size_t size() const { return waiting_; }
    /// All that waits, one piece behind the other, for a gathered write. The array may be used up;
    /// it is good until the next call.
    std::span<Bytes> pieces();
    /// The first `count` bytes have gone.
    void went(std::size_t count);
    /// Copies what is lent and has not gone: its owner may have it back.
    void keep();

private:
    // A run of bytes: lent, or the next ones of the buffer.
    struct Part {
        const std::byte* lent;
        std::size_t size;
    };
    void copy(Bytes bytes);

    Buffer copied_;
    std::vector<Part> parts_;
    std::size_t first_ = 0;  // The parts before it have gone.
    std::size_t waiting_ = 0;
    std::vector<Bytes> pieces_;
};

}  // namespace fivetuple
