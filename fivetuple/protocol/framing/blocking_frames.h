#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/protocol/framing/frame_input.h"
#include "fivetuple/protocol/framing/frame_queue.h"

#include <optional>
#include <span>
#include <utility>

// Frames without a loop: over os::Socket, and whatever else blocks with a deadline as it does.
namespace fivetuple::blocking {

template <class S>
concept FrameSource = requires(S& stream, MutableBytes into, Time deadline) {
    { stream.read_some(into, deadline) } -> std::same_as<Result<std::size_t>>;
};
template <class S>
concept FrameSink = requires(S& stream, Bytes from, Time deadline) {
    { stream.write_all(from, deadline) } -> std::same_as<Transfer>;
};
template <class S>
concept GathersWhatItWrites = requires(S& stream, std::span<Bytes> pieces, Time deadline) {
    { stream.writev(pieces, deadline) } -> std::same_as<Transfer>;
};

/// As fivetuple::FrameReader, for a stream whose calls block.
template <FrameSource S, FindsFrames Framing>
class FrameReader {
public:
    FrameReader(S& stream, Framing framing) : stream_(stream), input_(std::move(framing)) {}

    /// The next frame, whose payload is good until the next call; none at the end of the stream.
    /// What had come before a deadline is not lost.
    /// Errors: ended, inside a frame; those of the framing, which stay; those of the stream.
    Result<std::optional<Frame>> read(Time deadline = kNever) {
        while (true) {
            FT_TRY(auto frame, input_.next());
            if (frame) return frame;
            FT_TRY(const std::size_t count, stream_.read_some(input_.room(), deadline));
            input_.filled(count);
            if (count > 0) continue;
            if (input_.empty()) return std::nullopt;
            return std::unexpected(input_.truncated());
        }
    }
    /// As fivetuple::FrameReader's.
    Result<std::optional<Frame>> next_that_has_come() { return input_.next(); }
    Bytes rest() const { return input_.rest(); }

private:
    S& stream_;
    FrameInput<Framing> input_;
};

/// As fivetuple::FrameWriter, for a stream whose calls block.
template <FrameSink S, EnclosesFrames Framing>
class FrameWriter {
public:
    FrameWriter(S& stream, Framing framing) : stream_(stream), framing_(std::move(framing)) {}

    /// Adds a frame with a copy of the payload. Errors: those of the framing.
    Result<void> add(Bytes payload, std::uint8_t type = 0) {
        FT_TRY(const FrameBorders borders, framing_.enclose(payload, type));
        queue_.add(borders, payload);
        return {};
    }
    /// The same without a copy: the payload must stay until flush() has sent all.
    Result<void> lend(Bytes payload, std::uint8_t type = 0) {
        FT_TRY(const FrameBorders borders, framing_.enclose(payload, type));
        queue_.lend(borders, payload);
        return {};
    }
    /// Sends what was added; what has not gone goes first the next time. Errors: of the stream.
    Transfer flush(Time deadline = kNever) {
        const std::span<Bytes> pieces = queue_.pieces();
        std::size_t moved = 0;
        if constexpr (GathersWhatItWrites<S>) {
            Transfer sent = stream_.writev(pieces, deadline);
            queue_.went(sent.bytes_moved());
            return sent;
        }
        for (const Bytes piece : pieces) {
            Transfer sent = stream_.write_all(piece, deadline);
            queue_.went(sent.bytes_moved());
            moved += sent.bytes_moved();
            if (!sent) return Transfer(moved, std::move(sent).error());
        }
        return Transfer(moved);
    }
    /// Sends what was added, and this frame behind it. Errors: as add() and flush().
    Result<void> write(Bytes payload, std::uint8_t type = 0, Time deadline = kNever) {
        FT_TRY_VOID(add(payload, type));
        Transfer sent = flush(deadline);
        if (!sent) return std::unexpected(std::move(sent).error());
        return {};
    }
    /// Bytes that were added and have not gone.
    std::size_t waiting() const { return queue_.size(); }

private:
    S& stream_;
    Framing framing_;
    FrameQueue queue_;
};

}  // namespace fivetuple::blocking
