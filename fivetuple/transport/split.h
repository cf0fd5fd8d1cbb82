#pragma once

#include "fivetuple/transport/socket_stream.h"

#include <memory>
#include <utility>

namespace fivetuple {

/// The reading half of a stream that has been split.
template <class S>
class StreamReader {
public:
    explicit StreamReader(std::shared_ptr<S> stream) : stream_(std::move(stream)) {}

    /// As the stream's own.
    auto read_some(MutableBytes into) { return stream_->read_some(into); }
    auto read_exact(MutableBytes into) { return stream_->read_exact(into); }
    auto read() { return stream_->read(); }
    S& stream() const { return *stream_; }

private:
    std::shared_ptr<S> stream_;
};

/// The writing half. When it ends the peer is told that no more will come.
template <class S>
class StreamWriter {
public:
    explicit StreamWriter(std::shared_ptr<S> stream) : stream_(std::move(stream)) {}
    StreamWriter(StreamWriter&&) noexcept = default;
    StreamWriter& operator=(StreamWriter&& other) noexcept {
        std::swap(stream_, other.stream_);
        return *this;
    }
    ~StreamWriter() {
        if (stream_ != nullptr) static_cast<void>(stream_->shutdown_write());
    }

    /// As the stream's own.
    auto write_all(Bytes from) { return stream_->write_all(from); }
    auto writev(std::span<Bytes> pieces) { return stream_->writev(pieces); }
    Result<void> shutdown_write() { return stream_->shutdown_write(); }
    S& stream() const { return *stream_; }

private:
    std::shared_ptr<S> stream_;
};

/// Both halves of a stream, which is closed when both have ended.
template <class S>
struct SplitStream {
    StreamReader<S> reader;
    StreamWriter<S> writer;
};

/// `auto halves = split(std::move(stream));` for two tasks that own a direction each.
template <class S>
SplitStream<S> split(S stream) {
    auto shared = std::make_shared<S>(std::move(stream));
    return {StreamReader<S>(shared), StreamWriter<S>(shared)};
}

}  // namespace fivetuple
