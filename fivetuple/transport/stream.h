#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/result.h"
#include "fivetuple/task/await.h"

#include <concepts>
#include <cstddef>

namespace fivetuple {

/// A stream of bytes in both directions: what protocols are written against. TcpStream, UnixStream,
/// PipeStream and the streams of a simulated network are such.
template <class S>
concept Stream = requires(S& stream, MutableBytes into, Bytes from) {
    requires std::same_as<AwaitResult<decltype(stream.read_some(into))>, Result<std::size_t>>;
    requires std::same_as<AwaitResult<decltype(stream.read_exact(into))>, Transfer>;
    requires std::same_as<AwaitResult<decltype(stream.write_all(from))>, Transfer>;
    { stream.shutdown_write() } -> std::same_as<Result<void>>;
};

}  // namespace fivetuple
