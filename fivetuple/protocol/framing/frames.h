#pragma once

#include "fivetuple/base/buffer.h"
#include "fivetuple/protocol/framing/length_prefix.h"
#include "fivetuple/task/task.h"
#include "fivetuple/transport/stream.h"

#include <optional>
#include <utility>

namespace fivetuple {

/// Reads frames from a stream, as many as come with one receive. `Framing` is LengthPrefix,
/// Delimiter or whatever finds frames as they do. The stream must outlive it.
template <Stream S, class Framing>
class FrameReader {
public:
    FrameReader(S& stream, Framing framing) : stream_(stream), framing_(std::move(framing)) {}

    /// The next frame, whose payload is good until the next call; none at the end of the stream.
    /// Errors: ended, where that comes inside a frame; limit; those of the stream.
    Task<Result<std::optional<Frame>>> read() {
        while (true) {
            FT_CO_TRY(auto frame, framing_.find(buffer_.unread()));
            if (frame) {
                buffer_.used(frame->size);
                co_return frame;
            }
            const std::size_t missing = framing_.needed(buffer_.unread()) - buffer_.size();
            const MutableBytes room = buffer_.room(std::max(missing, kReadAtOnce));
            FT_CO_TRY(const std::size_t count, co_await stream_.read_some(room));
            if (count == 0 && buffer_.empty()) co_return std::nullopt;
            if (count == 0) {
                co_return std::unexpected(
                    Error::ended("frame").because("the stream ended inside a frame"));
            }
            buffer_.filled(count);
        }
    }

private:
    static constexpr std::size_t kReadAtOnce = 4096;

    S& stream_;
    Framing framing_;
    Buffer buffer_;
};

/// Writes frames to a stream; those added since the last flush() go out together. The stream must
/// outlive it.
template <Stream S>
class FrameWriter {
public:
    FrameWriter(S& stream, LengthPrefix framing) : stream_(stream), framing_(framing) {}

    /// Errors: limit, for a payload longer than that; nothing is added then.
    Result<void> add(Bytes payload, std::uint8_t type = 0) {
        const std::size_t header = framing_.header_size();
        FT_TRY_VOID(
            framing_.put_header(buffer_.room(header + payload.size()), payload.size(), type));
        buffer_.filled(header);
        buffer_.append(payload);
        return {};
    }
    /// Sends what was added. Errors: those of the stream.
    Task<Transfer> flush() {
        Transfer sent = co_await stream_.write_all(buffer_.unread());
        buffer_.used(sent.bytes_moved());
        co_return sent;
    }
    /// add() and flush().
    Task<Result<void>> write(Bytes payload, std::uint8_t type = 0) {
        FT_CO_TRY_VOID(add(payload, type));
        Transfer sent = co_await flush();
        if (!sent) co_return std::unexpected(std::move(sent).error());
        co_return {};
    }

private:
    S& stream_;
    LengthPrefix framing_;
    Buffer buffer_;
};

}  // namespace fivetuple
