#pragma once

#include "fivetuple/base/buffer.h"
#include "fivetuple/base/lease.h"
#include "fivetuple/protocol/framing/frame.h"

#include <algorithm>
#include <utility>

namespace fivetuple {

/// Bytes that have been received, and the frames in them: the half of a reader that does no I/O.
/// Its memory grows with what has come, never with what a frame announces.
template <FindsFrames F>
class FrameInput {
public:
    explicit FrameInput(F framing) : framing_(std::move(framing)) {}

    /// The next frame that has come whole, whose payload is good until the next call of next(),
    /// room() or take(); none where more bytes are needed. An error stays.
    /// Errors: those of the framing.
    Result<std::optional<Frame>> next() {
        if (rest().empty()) lease_ = Lease();
        FT_TRY(const auto frame, framing_.find(rest()));
        if (frame) used(frame->size);
        return frame;
    }

    /// Room for what comes next; filled() says how much did.
    MutableBytes room() {
        if (!lease_.empty()) {
            buffer_.append(rest());
            lease_ = Lease();
        }
        const std::size_t size = buffer_.size();
        const std::size_t missing = framing_.needed(buffer_.unread()) - size;
        return buffer_.room(std::max(kReadAtOnce, std::min(missing, size)));
    }
    void filled(std::size_t count) { buffer_.filled(count); }

    /// Nothing is left that came before.
    bool empty() const { return rest().empty(); }
    /// Takes over a lease instead of room() and filled(): frames are found in it, uncopied. Only
    /// while empty().
    void take(Lease lease) {
        lease_ = std::move(lease);
        lease_used_ = 0;
    }

    /// What has come and is no frame yet.
    Bytes rest() const {
        return lease_.empty() ? buffer_.unread() : lease_.bytes().subspan(lease_used_);
    }
    /// Why the stream ended too early, where it ended now: ended.
    Error truncated() const {
        if constexpr (requires { framing_.truncated(rest()); }) {
            return framing_.truncated(rest());
        } else {
            const std::size_t come = rest().size();
            return frame_truncated(come, framing_.needed(rest()) - come, true);
        }
    }

private:
    static constexpr std::size_t kReadAtOnce = std::size_t{16} * 1024;

    void used(std::size_t count) {
        if (lease_.empty()) {
            buffer_.used(count);
        } else {
            lease_used_ += count;
        }
    }

    F framing_;
    Buffer buffer_;
    Lease lease_;
    std::size_t lease_used_ = 0;
};

}  // namespace fivetuple
