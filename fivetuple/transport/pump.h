#pragma once

#include "fivetuple/base/bytes.h"
#include "fivetuple/base/pump_count.h"
#include "fivetuple/base/result.h"
#include "fivetuple/os/pipe_pair.h"
#include "fivetuple/task/all_of.h"
#include "fivetuple/task/within.h"
#include "fivetuple/transport/socket_stream.h"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace fivetuple {

struct PumpOptions {
    /// Stops after so many bytes; what the source has beyond them stays in it.
    std::uint64_t bytes_max = UINT64_MAX;
    /// Bytes between the two sides at most, in the kernel's pipe; a buffer has 64 KiB at most. Less
    /// where the system, or this user's share of pipes, does not allow so many.
    std::size_t at_once = std::size_t{1} << 20;
    /// Moves bytes inside the kernel where both sides are sockets. splice(2)
    bool may_splice = true;
    /// Tells the receiving side when the source has ended: shutdown_write().
    bool passes_end_on = true;
    /// How long to wait for bytes, and for room for them.
    Duration read_limit = Duration::max();
    Duration write_limit = Duration::max();
    /// Where pipes come from and go back to while nothing is under way; else the pump keeps one of
    /// its own from the first bytes to its end.
    PipePool* pipes = nullptr;
    /// Where the count can be watched while it grows, and is found after a failure, too.
    PumpCount* so_far = nullptr;
};

/// What bytes can be pumped from, and what to.
template <class S>
concept PumpSource = requires(S& from, MutableBytes into) {
    requires std::same_as<AwaitResult<decltype(from.read_some(into))>, Result<std::size_t>>;
};
template <class S>
concept PumpSink = requires(S& to, Bytes from) {
    requires std::same_as<AwaitResult<decltype(to.write_all(from))>, Transfer>;
};

/// Whether a source lends a buffer to a pump that copies; else it has one of its own.
inline constexpr std::size_t kPumpBuffer = std::size_t{64} * 1024;
template <class S>
inline constexpr bool kLends =
    requires(S& from) { requires std::same_as<AwaitResult<decltype(from.read())>, Result<Lease>>; };

/// Moves bytes as pump() does, through this process's memory.
template <PumpSource A, PumpSink B>
Task<Result<PumpCount>> pump_by_copying(A& from, B& to, PumpOptions options) {
    PumpCount own;
    PumpCount& count = options.so_far == nullptr ? own : *options.so_far;
    std::vector<std::byte> room;
    while (count.bytes < options.bytes_max) {
        Lease lent;
        Bytes got;
        if constexpr (kLends<A>) {
            if (options.bytes_max == UINT64_MAX) {
                FT_CO_TRY(lent, co_await within(options.read_limit, from.read()));
                got = std::as_const(lent).bytes();
            }
        }
        if (!kLends<A> || options.bytes_max != UINT64_MAX) {
            room.resize(std::clamp<std::size_t>(options.at_once, 1, kPumpBuffer));
            const auto most = std::min<std::uint64_t>(room.size(), options.bytes_max - count.bytes);
            const auto part = MutableBytes(room).first(static_cast<std::size_t>(most));
            FT_CO_TRY(const std::size_t size,
                      co_await within(options.read_limit, from.read_some(part)));
            got = part.first(size);
        }
        count.ended = got.empty();
        if (count.ended) break;
        auto sent = co_await within(options.write_limit, to.write_all(got));
        count.bytes += sent.bytes_moved();
        count.copied += sent.bytes_moved();
        if (!sent) co_return std::unexpected(std::move(sent).error());
    }
    if constexpr (requires { to.shutdown_write(); }) {
        if (count.ended && options.passes_end_on) FT_CO_TRY_VOID(to.shutdown_write());
    }
    co_return count;
}

/// Moves bytes as pump() does, inside the kernel as far as that is possible.
Task<Result<PumpCount>> pump_by_splicing(SocketStream& from, SocketStream& to, PumpOptions options);

/// Moves what comes out of `from` into `to` until `from` ends, and then tells `to` so: one
/// direction of a proxy. Reads no more while `to` takes nothing, so that a slow receiver slows its
/// sender. Both are the pump's in this direction until it has ended. Errors: those of reading, as
/// recv, and of writing, as send; cancelled, deadline.
template <PumpSource A, PumpSink B>
Task<Result<PumpCount>> pump(A& from, B& to, PumpOptions options = {}) {
    if constexpr (std::derived_from<A, SocketStream> && std::derived_from<B, SocketStream>) {
        if (options.may_splice) return pump_by_splicing(from, to, options);
    }
    return pump_by_copying(from, to, options);
}

/// What both directions did.
struct PumpCounts {
    PumpCount there;
    PumpCount back;
};

/// Both directions at once, until both have ended: a half-closed connection stays half-closed. The
/// first that fails ends the other. `so_far` is what PumpOptions::so_far is, of each.
/// Errors: as pump().
template <class A, class B>
Task<Result<PumpCounts>> pump_both(A& left, B& right, PumpOptions options = {},
                                   PumpCounts* so_far = nullptr) {
    PumpCounts own;
    PumpCounts& counts = so_far == nullptr ? own : *so_far;
    PumpOptions back = options;
    options.so_far = &counts.there;
    back.so_far = &counts.back;
    auto both = co_await all_of(pump(left, right, options), pump(right, left, back));
    if (!both) co_return std::unexpected(std::move(both).error());
    co_return counts;
}

}  // namespace fivetuple
