#pragma once

#include "fivetuple/base/time.h"
#include "fivetuple/io/op.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fivetuple {

/// Everything that is asked of a backend and can go wrong: its Ops, in the order of OpKind, the
/// calls of its Sockets, and waiting.
enum class CallKind : std::uint8_t {
    accept,
    connect,
    receive,
    send,
    send_gathered,
    receive_messages,
    send_messages,
    splice_in,
    splice_out,
    send_file,
    poll,
    receive_lease,
    send_then_receive,
    send_zero_copy,
    open,
    adopt,
    bind,
    listen,
    shutdown,
    local_address,
    peer_address,
    set_option,
    get_option,
    take_failure,
    wait,
};
inline constexpr std::size_t kCallKinds = 25;

constexpr CallKind call_of(OpKind kind) { return static_cast<CallKind>(kind); }
std::string_view to_string(CallKind call);

/// What can go wrong with a call.
enum class FaultKind : std::uint8_t {
    error,           ///< It fails with an errno, and nothing was done.
    short_by_one,    ///< It moves a byte (or a message) less than it could.
    short_half,      ///< It moves half of that.
    short_to_one,    ///< It moves one.
    late,            ///< It is done, and that is told only later.
    late_start,      ///< Nothing is done for it for a while.
    reordered,       ///< It is done, and told behind the next one that is.
    interrupted,     ///< It is broken off and begun again, as after a signal.
    multishot_ends,  ///< It is broken off, and nothing is done for it until it is asked for anew.
    no_lease,        ///< No buffer can be had for a while.
    spurious,        ///< A poll says that there is something, and there is not.
    cancel_late,     ///< When it is cancelled, the kernel hears of it only later.
    cancel_loses,    ///< It is done; that is told only when it is cancelled, with its result.
    wakes_early,     ///< A wait ends at once, with nothing to do.
    wakes_late,      ///< A wait ends later than it should, and timers run late.
};
inline constexpr std::size_t kFaultKinds = 15;
std::string_view to_string(FaultKind kind);

/// One thing that goes wrong once.
struct Fault {
    FaultKind kind = FaultKind::error;
    int code = 0;     ///< Of an error: the errno.
    Duration time{};  ///< How late; at most how late, where something else ends it sooner.

    static Fault error(int code) { return {FaultKind::error, code, {}}; }
    /// With the usual time: 5 ms, or 1 s where a cancel or another call ends it sooner.
    static Fault of(FaultKind kind);
    static Fault of(FaultKind kind, Duration time) { return {kind, 0, time}; }

    bool operator==(const Fault&) const = default;
    /// "ECONNRESET", "short by one", "late"
    std::string to_string() const;
};

/// Whether no caller that keeps to the contract of a Backend may come to harm by it: nothing is
/// lost, and nothing fails.
constexpr bool is_gentle(FaultKind kind) { return kind != FaultKind::error; }

/// All faults that a call can suffer, errors first: those that Linux gives for it, by its man page.
const std::vector<Fault>& faults_of(CallKind call);

/// Whether `op`, as it was asked for, can suffer this: one byte cannot come short.
bool can_suffer(const Op& op, const Fault& fault);

}  // namespace fivetuple
