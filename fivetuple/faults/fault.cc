#include "fivetuple/faults/fault.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

namespace fivetuple {
namespace {

using enum FaultKind;

// In the order of CallKind.
constexpr std::string_view kCallNames[] = {
    "accept",      "connect",      "recv",          "send",        "sendmsg",
    "recvmmsg",    "sendmmsg",     "splice in",     "splice out",  "sendfile",
    "poll",        "recv (lease)", "send and recv", "send (loan)", "socket",
    "adopt",       "bind",         "listen",        "shutdown",    "getsockname",
    "getpeername", "setsockopt",   "getsockopt",    "error queue", "wait",
};
static_assert(std::size(kCallNames) == kCallKinds);

// In the order of FaultKind.
constexpr std::string_view kFaultNames[] = {
    "error",      "short by one", "short by half", "short to one",   "late",
    "late start", "reordered",    "interrupted",   "multishot ends", "no lease",
    "spurious",   "cancel late",  "cancel loses",  "wakes early",    "wakes late",
};
static_assert(std::size(kFaultNames) == kFaultKinds);

struct Catalogue {
    std::span<const int> errors;
    std::span<const FaultKind> others;
};

constexpr int kAcceptErrors[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED, EPROTO, EPERM};
constexpr int kConnectErrors[] = {ECONNREFUSED, ETIMEDOUT,     EHOSTUNREACH, ENETUNREACH,
                                  ECONNRESET,   EADDRNOTAVAIL, ENOBUFS,      EACCES};
constexpr int kReceiveErrors[] = {ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENOMEM, ENOBUFS};
constexpr int kSendErrors[] = {EPIPE, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENOBUFS, ENOMEM};
constexpr int kMessageErrors[] = {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENOBUFS, ENOMEM, EPERM};
constexpr int kAnswerErrors[] = {ECONNRESET, EPIPE, ETIMEDOUT, ENOBUFS, ENOMEM};
constexpr int kSpliceErrors[] = {ECONNRESET, EPIPE, ETIMEDOUT, ENOMEM};
constexpr int kFileErrors[] = {EIO, EPIPE, ECONNRESET, ENOMEM};
constexpr int kPollErrors[] = {ENOMEM};
constexpr int kOpenErrors[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES};
constexpr int kAdoptErrors[] = {ENOMEM, ENOSPC};
constexpr int kBindErrors[] = {EADDRINUSE, EADDRNOTAVAIL, EACCES, ENOMEM};
constexpr int kListenErrors[] = {EADDRINUSE};
constexpr int kShutdownErrors[] = {ENOTCONN};
constexpr int kNameErrors[] = {ENOBUFS};
constexpr int kPeerErrors[] = {ENOTCONN, ENOBUFS};
constexpr int kSetErrors[] = {ENOPROTOOPT, EPERM, ENOBUFS, ENOMEM};
constexpr int kGetErrors[] = {ENOPROTOOPT};
constexpr int kQueueErrors[] = {ENOMEM};

constexpr FaultKind kAccepting[] = {late,           late_start,  reordered,   interrupted,
                                    multishot_ends, cancel_late, cancel_loses};
constexpr FaultKind kPlain[] = {late, late_start, reordered, cancel_late, cancel_loses};
constexpr FaultKind kMoving[] = {short_by_one, short_half,  short_to_one, late,        late_start,
                                 reordered,    interrupted, cancel_late,  cancel_loses};
constexpr FaultKind kMovingPlainly[] = {short_by_one, short_half, short_to_one, late,
                                        late_start,   reordered,  cancel_late,  cancel_loses};
constexpr FaultKind kLeasing[] = {short_half,  short_to_one,   late,     late_start,  reordered,
                                  interrupted, multishot_ends, no_lease, cancel_late, cancel_loses};
constexpr FaultKind kPolling[] = {late,     late_start,  reordered,   interrupted,
                                  spurious, cancel_late, cancel_loses};
constexpr FaultKind kWaiting[] = {wakes_early, wakes_late};

// In the order of CallKind.
constexpr Catalogue kCatalogue[] = {
    {kAcceptErrors, kAccepting},
    {kConnectErrors, kPlain},
    {kReceiveErrors, kMoving},
    {kSendErrors, kMoving},
    {kSendErrors, kMoving},
    {kMessageErrors, kMoving},
    {kMessageErrors, kMovingPlainly},
    {kSpliceErrors, kMovingPlainly},
    {kSpliceErrors, kMovingPlainly},
    {kFileErrors, kMovingPlainly},
    {kPollErrors, kPolling},
    {kReceiveErrors, kLeasing},
    {kAnswerErrors, kPlain},
    {kSendErrors, kPlain},
    {kOpenErrors, {}},
    {kAdoptErrors, {}},
    {kBindErrors, {}},
    {kListenErrors, {}},
    {kShutdownErrors, {}},
    {kNameErrors, {}},
    {kPeerErrors, {}},
    {kSetErrors, {}},
    {kGetErrors, {}},
    {kQueueErrors, {}},
    {{}, kWaiting},
};
static_assert(std::size(kCatalogue) == kCallKinds);

std::array<std::vector<Fault>, kCallKinds> make_lists() {
    std::array<std::vector<Fault>, kCallKinds> lists;
    for (std::size_t call = 0; call < kCallKinds; ++call) {
        for (const int code : kCatalogue[call].errors) lists[call].push_back(Fault::error(code));
        for (const FaultKind kind : kCatalogue[call].others) lists[call].push_back(Fault::of(kind));
    }
    return lists;
}

bool is_short(FaultKind kind) {
    return kind == short_by_one || kind == short_half || kind == short_to_one;
}

// Bytes, or messages, that are asked for.
std::size_t size_of(const Op& op) {
    std::size_t size = 0;
    switch (op.kind) {
        case OpKind::receive:
        case OpKind::send:
            return op.from().size();
        case OpKind::send_gathered:
            for (const Bytes piece : op.pieces()) size += piece.size();
            return size;
        case OpKind::receive_messages:
        case OpKind::send_messages:
            return op.messages().size();
        case OpKind::splice_in:
            return op.file() < 0 ? 0 : op.count();
        case OpKind::splice_out:
        case OpKind::send_file:
            return op.count();
        default:
            return SIZE_MAX;
    }
}

}  // namespace

std::string_view to_string(CallKind call) { return kCallNames[std::to_underlying(call)]; }

std::string_view to_string(FaultKind kind) { return kFaultNames[std::to_underlying(kind)]; }

Fault Fault::of(FaultKind kind) {
    const bool ends_sooner = kind == cancel_loses;
    return {kind, 0, ends_sooner ? std::chrono::seconds(1) : std::chrono::milliseconds(5)};
}

std::string Fault::to_string() const {
    if (kind != FaultKind::error) return std::string(fivetuple::to_string(kind));
    const char* name = ::strerrorname_np(code);
    return name == nullptr ? "errno " + std::to_string(code) : name;
}

const std::vector<Fault>& faults_of(CallKind call) {
    static const auto lists = make_lists();
    return lists[std::to_underlying(call)];
}

bool can_suffer(const Op& op, const Fault& fault) {
    if (is_short(fault.kind)) return size_of(op) > 1;
    if (fault.kind == spurious) return (op.events() & (kPollReadable | kPollWritable)) != 0;
    return true;
}

}  // namespace fivetuple
