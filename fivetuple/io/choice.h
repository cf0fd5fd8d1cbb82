#pragma once

#include "fivetuple/base/result.h"
#include "fivetuple/base/time.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple {

/// The backends over the Linux kernel, best first.
enum class BackendKind : std::uint8_t { io_uring, epoll, poll, select };
inline constexpr BackendKind kBackendKinds[] = {BackendKind::io_uring, BackendKind::epoll,
                                                BackendKind::poll, BackendKind::select};

/// "io_uring", "epoll", "poll", "select"
std::string_view to_string(BackendKind kind);
/// Errors: malformed, naming the four that there are.
Result<BackendKind> parse_backend(std::string_view name);

struct LoopOptions {
    /// None: the one that FT_BACKEND names; failing that, the best that this kernel allows.
    std::optional<BackendKind> backend = std::nullopt;
    /// How long to look for work before going to sleep. Saves the wake-up, most of a lone round
    /// trip, and costs this thread's whole core while it lasts.
    Duration spin = Duration::zero();
    /// Bytes of a leased buffer: more than the usual message, or each takes two receives.
    std::size_t lease_size = std::size_t{32} * 1024;
    /// Leased buffers that io_uring fills by itself; a power of two, at most 32768.
    unsigned uring_buffers = 256;
    /// Requests that io_uring takes in one go; a power of two.
    unsigned uring_entries = 1024;
};

/// Why a loop runs on what it runs on.
struct BackendChoice {
    struct PassedOver {
        BackendKind kind;
        Error why;
    };
    BackendKind kind = BackendKind::epoll;
    std::string because;                  ///< "asked for", "FT_BACKEND", "the best that works here"
    std::vector<PassedOver> passed_over;  ///< Better ones that could not be had.
};

/// What this kernel says of one backend.
struct BackendProbe {
    BackendKind kind;
    std::optional<Error> unavailable;
    std::vector<std::string> offers;  ///< Features found, in words.
};

/// Tries each backend for real; the answer holds for this process and its limits.
std::vector<BackendProbe> probe_backends();

}  // namespace fivetuple
