#pragma once

#include "fivetuple/base/assert.h"
#include "fivetuple/protocol/framing/frame_input.h"
#include "fivetuple/protocol/framing/frame_queue.h"
#include "fivetuple/protocol/framing/length_prefix.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/stream.h"

#include <optional>
#include <span>
#include <utility>

namespace fivetuple {

/// What frames can be read from: every stream, a FileStream, half of a stream that was split.
template <class S>
concept FrameSource = requires(S& stream, MutableBytes into) {
    requires std::same_as<AwaitResult<decltype(stream.read_some(into))>, Result<std::size_t>>;
};
/// What frames can be written to.
template <class S>
concept FrameSink = requires(S& stream, Bytes from) {
    requires std::same_as<AwaitResult<decltype(stream.write_all(from))>, Transfer>;
};
/// A source that hands out the buffers that bytes came in: who waits owns none.
template <class S>
concept LendsWhatItReads = requires(S& stream) {
    requires std::same_as<AwaitResult<decltype(stream.read())>, Result<Lease>>;
};
/// A sink that sends bytes from many places with one call.
template <class S>
concept GathersWhatItWrites = requires(S& stream, std::span<Bytes> pieces) {
    requires std::same_as<AwaitResult<decltype(stream.writev(pieces))>, Transfer>;
};

/// Reads frames from a stream, as many as come with one receive. `Framing` is LengthPrefix,
/// Checksummed, Delimiter, FixedSize or whatever finds frames as they do. The stream must outlive
/// it; a reader that waits owns no buffer where the stream lends its own.
template <FrameSource S, FindsFrames Framing>
class FrameReader {
public:
    FrameReader(S& stream, Framing framing) : stream_(stream), input_(std::move(framing)) {}

    /// The next frame, whose payload is good until the next call; none at the end of the stream.
    /// Errors: ended, where that comes inside a frame, saying how many bytes were missing; those of
    /// the framing, which stay; those of the stream.
    Task<Result<std::optional<Frame>>> read() {
        while (true) {
            FT_CO_TRY(auto frame, input_.next());
            if (frame) co_return frame;
            FT_CO_TRY(const std::size_t count, co_await read_more());
            if (count > 0) continue;
            if (input_.empty()) co_return std::nullopt;
            co_return std::unexpected(input_.truncated());
        }
    }
    /// The next frame where it has come already, without asking the stream. Errors: of the framing.
    Result<std::optional<Frame>> next_that_has_come() { return input_.next(); }
    /// What has come and is no frame yet: for a protocol that goes on differently. Good until the
    /// next call.
    Bytes rest() const { return input_.rest(); }

private:
    Task<Result<std::size_t>> read_more() {
        if constexpr (LendsWhatItReads<S>) {
            if (input_.empty()) {
                FT_CO_TRY(Lease got, co_await stream_.read());
                const std::size_t count = got.size();
                input_.take(std::move(got));
                co_return count;
            }
        }
        const MutableBytes room = input_.room();
        FT_CO_TRY(const std::size_t count, co_await stream_.read_some(room));
        input_.filled(count);
        co_return count;
    }

    S& stream_;
    FrameInput<Framing> input_;
};

/// Writes frames to a stream; those added since the last flush() go out together, with one call
/// where the stream can gather. The stream must outlive it.
template <FrameSink S, EnclosesFrames Framing>
class FrameWriter {
public:
    FrameWriter(S& stream, Framing framing) : stream_(stream), framing_(std::move(framing)) {}

    /// Adds a frame with a copy of the payload. Nothing is added where that fails.
    /// Errors: those of the framing: limit; malformed.
    Result<void> add(Bytes payload, std::uint8_t type = 0) {
        check_idle();
        FT_TRY(const FrameBorders borders, framing_.enclose(payload, type));
        queue_.add(borders, payload);
        return {};
    }
    /// The same without a copy: the payload must stay until flush() has sent all. Worth it from
    /// some KiB on.
    Result<void> lend(Bytes payload, std::uint8_t type = 0) {
        check_idle();
        FT_TRY(const FrameBorders borders, framing_.enclose(payload, type));
        queue_.lend(borders, payload);
        return {};
    }
    /// Sends what was added; what has not gone goes first the next time. Nothing can be added
    /// meanwhile. Errors: of the stream.
    Task<Transfer> flush() {
        check_idle();
        is_flushing_ = true;
        Transfer sent = co_await send_all(queue_.pieces());
        is_flushing_ = false;
        co_return sent;
    }
    /// Sends what was added, and this frame behind it. Errors: as add() and flush().
    Task<Result<void>> write(Bytes payload, std::uint8_t type = 0) {
        const bool copies = payload.size() < kCopied;
        FT_CO_TRY_VOID(copies ? add(payload, type) : lend(payload, type));
        Transfer sent = co_await flush();
        if (sent) co_return {};
        if (!copies) queue_.keep();
        co_return std::unexpected(std::move(sent).error());
    }
    /// Bytes that were added and have not gone.
    std::size_t waiting() const { return queue_.size(); }

private:
    static constexpr std::size_t kCopied = 4096;  // Below it a copy is cheaper than a piece.

    // What is added might move what is being sent.
    void check_idle() const {
        FT_ASSERT(!is_flushing_, "a writer of frames is used while it sends");
    }
    Task<Transfer> send_all(std::span<Bytes> pieces) {
        if constexpr (GathersWhatItWrites<S>) {
            if (pieces.size() > 1) {
                Transfer sent = co_await stream_.writev(pieces);
                queue_.went(sent.bytes_moved());
                co_return sent;
            }
        }
        std::size_t moved = 0;
        for (const Bytes piece : pieces) {
            Transfer sent = co_await stream_.write_all(piece);
            queue_.went(sent.bytes_moved());
            moved += sent.bytes_moved();
            if (!sent) co_return Transfer(moved, std::move(sent).error());
        }
        co_return Transfer(moved);
    }

    S& stream_;
    Framing framing_;
    FrameQueue queue_;
    bool is_flushing_ = false;
};

}  // namespace fivetuple
